package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.deformable.DeformableDetrModel;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GoldenSetTest {
  private static final String SMALL = "models/hf_deformable_small_native_resnet";

  @TempDir Path folder;

  private static Path golden() {
    try {
      return Path.of(Objects.requireNonNull(GoldenSetTest.class.getResource("golden")).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static GoldenCase small() {
    return GoldenSet.open(golden()).model(SMALL);
  }

  @Test
  void listsCasesByPrefix() {
    GoldenSet set = GoldenSet.open(golden());
    assertEquals(List.of(SMALL), set.modelPaths("models/hf_"));
    assertEquals(List.of(SMALL), set.modelPaths(""));
    assertEquals(List.of(), set.modelPaths("models/orig"));
    assertEquals(1, set.models("models").size());
  }

  @Test
  void readsAStoredCase() throws IOException {
    GoldenCase small = small();
    assertEquals("huggingface", small.source());
    assertEquals(Shape.of(1, 3, 256, 320), small.inputShape());
    assertFalse(small.padded());
    assertEquals(40, small.proposalIndex().size());
    assertTrue(small.configFile().isPresent());
    assertEquals(
        List.of(
            "backbone.0",
            "backbone.1",
            "backbone.2",
            "input_proj.0",
            "input_proj.1",
            "input_proj.2",
            "input_proj.3",
            "memory",
            "proposal_boxes",
            "decoder_hidden",
            "logits",
            "pred_boxes"),
        small.expected().stream().map(ExpectedTensor::name).toList());
    assertEquals(5e-5, small.expected("logits").orElseThrow().tolerance());
    assertEquals(5e-6, small.expected("pred_boxes").orElseThrow().tolerance());
    assertEquals(8e-5, small.expected("backbone.0").orElseThrow().tolerance());
    for (ExpectedTensor tensor : small.expected()) {
      ExpectedTensor.Deviation same = tensor.compare(at(tensor, 0));
      assertEquals(0, same.maxAbsError(), tensor.name());
      assertTrue(same.passes(), tensor.name());
    }
  }

  /**
   * A tensor that equals the stored one but for element {@code k}, which is off by {@code error}.
   */
  private static ExpectedTensor.Values at(ExpectedTensor tensor, float error) {
    float[] full = new float[(int) tensor.fullShape().elements()];
    for (int k = 0; k < tensor.size(); k++) {
      full[(int) tensor.flatIndex(k)] = tensor.value(k);
    }
    full[(int) tensor.flatIndex(tensor.size() / 2)] += error;
    return index -> full[(int) index];
  }

  @Test
  void findsTheWorstElement() {
    ExpectedTensor boxes = small().expected("pred_boxes").orElseThrow();
    ExpectedTensor.Deviation off = boxes.compare(at(boxes, 0.001f));
    assertEquals(0.001, off.maxAbsError(), 1e-6);
    assertEquals(boxes.flatIndex(boxes.size() / 2), off.flatIndex());
    assertFalse(off.passes());
    assertTrue(boxes.compare(at(boxes, 4e-6f)).passes());
    assertEquals(Double.POSITIVE_INFINITY, boxes.compare(at(boxes, Float.NaN)).maxAbsError());
    assertFalse(boxes.compare(at(boxes, Float.NaN)).passes());
  }

  @Test
  void theModelTakesEveryWeightOfTheCase() {
    GoldenCase small = small();
    DeformableDetrConfig config =
        assertInstanceOf(DeformableDetrConfig.class, small.config().orElseThrow());
    CheckpointWeights weights =
        new CheckpointWeights(small.checkpoint(), config.family().huggingFaceNames(config));
    new DeformableDetrModel(config, weights);
    assertDoesNotThrow(weights::finish);
  }

  @Test
  void samplesQueriesOfEachImageAnew() {
    ExpectedTensor tensor =
        new ExpectedTensor("decoder_hidden", Shape.of(2, 5, 3), 3, 2, new float[18], null, 0);
    long[] indices = new long[18];
    for (int k = 0; k < 18; k++) {
      indices[k] = tensor.flatIndex(k);
    }
    assertEquals(
        "[0, 1, 2, 6, 7, 8, 12, 13, 14, 15, 16, 17, 21, 22, 23, 27, 28, 29]",
        Arrays.toString(indices));
  }

  @Test
  void skipsPaddedSamples() {
    float[] valid = {1, 0, 1};
    ExpectedTensor tensor =
        new ExpectedTensor("memory", Shape.of(1, 3, 1), 1, 1, new float[] {1, 2, 3}, valid, 0);
    assertTrue(tensor.compare(index -> index == 1 ? Float.NaN : index + 1).passes());
  }

  @Test
  void derivesTolerancesWithoutAnIndex() throws IOException {
    copySmall();
    GoldenSet set = GoldenSet.open(folder);
    GoldenCase small = set.model(SMALL);
    assertTrue(set.index().isEmpty());
    assertEquals(5e-5, small.expected("logits").orElseThrow().tolerance());
    double noise =
        small
            .manifest()
            .object("expected")
            .object("tensors")
            .object("backbone.0")
            .number("max_abs_diff_vs_float64");
    assertEquals(10 * noise, small.expected("backbone.0").orElseThrow().tolerance());
  }

  @Test
  void fillsTheInputAndZeroesItsPadding() throws IOException {
    copySmall();
    Path manifest = folder.resolve(SMALL).resolve("manifest.json");
    String padded =
        Files.readString(manifest)
            .replaceFirst(
                "\"valid_hw\":\\s*\\[\\s*\\[\\s*256,\\s*320\\s*\\]\\s*\\]",
                "\"valid_hw\": [[200, 300]]");
    assertTrue(padded.contains("[[200, 300]]"));
    Files.writeString(manifest, padded);
    GoldenCase small = GoldenSet.open(folder).model(SMALL);
    assertTrue(small.padded());
    SeededTensor formula = new SeededTensor("input", small.manifest().longInteger("seed"), 0, 2);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment input = arena.allocate(4 * small.inputShape().elements(), 64);
      small.fillInput(input);
      for (int plane = 0; plane < 3; plane++) {
        for (int y = 0; y < 256; y++) {
          for (int x = 0; x < 320; x++) {
            long index = (plane * 256L + y) * 320 + x;
            float expected = y < 200 && x < 300 ? formula.at(index) : 0;
            assertEquals(expected, input.getAtIndex(ValueLayout.JAVA_FLOAT, index));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void writesAFolderThatOpens(StoredType floats) throws IOException {
    GoldenCase small = small();
    FormulaCheckpoint checkpoint = small.checkpoint();
    Files.copy(small.configFile().orElseThrow(), folder.resolve("config.json"));
    FormulaCheckpointWriter.write(checkpoint, folder.resolve("model.safetensors"), floats);
    HuggingFaceDirectory model = HuggingFaceDirectory.open(folder);
    assertTrue(model.config() instanceof DeformableDetrConfig config && config.twoStage());
    double relative = floats == StoredType.F32 ? 0 : floats == StoredType.F16 ? 0x1p-11 : 0x1p-8;
    try (var file = model.openCheckpoint()) {
      assertEquals(checkpoint.names(), file.names());
      for (String name : checkpoint.names()) {
        StoredTensor stored = file.tensor(name);
        assertEquals(floats, stored.storedType());
        float[] formula = values(checkpoint.tensor(name));
        float[] read = values(stored);
        for (int i = 0; i < formula.length; i++) {
          assertEquals(
              formula[i],
              read[i],
              relative * Math.abs(formula[i]) + (relative > 0 ? 0x1p-25 : 0),
              name);
        }
      }
    }
    try (var files = Files.list(folder)) {
      assertEquals(2, files.count(), "no partial file stays");
    }
  }

  private static float[] values(Weight weight) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(4 * weight.shape().elements(), 64);
      weight.read(memory);
      return memory.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void readsAliasesAndIntegers() throws IOException {
    FormulaCheckpoint checkpoint =
        manifest(
            """
            {"case": "c", "seed": 7102, "tensors": [
              {"key": "b", "shape": [18], "dtype": "F32", "alias_of": "transformer.level_embed"},
              {"key": "transformer.level_embed", "shape": [18], "dtype": "F32", "base": 0.0, "scale": 1.0},
              {"key": "n", "shape": [], "dtype": "I64", "base": 9, "scale": 0, "ignorable": true}]}
            """);
    assertEquals(List.of("b", "transformer.level_embed", "n"), checkpoint.names());
    assertEquals(0xbf532e30, Float.floatToRawIntBits(values(checkpoint.tensor("b"))[17]));
    assertEquals(
        -1,
        checkpoint
            .tensor("b")
            .bytes()
            .mismatch(checkpoint.tensor("transformer.level_embed").bytes()));
    assertEquals(9, checkpoint.tensor("n").bytes().get(ValueLayout.JAVA_LONG, 0));
    assertThrows(CheckpointException.class, () -> checkpoint.tensor("n").read(MemorySegment.NULL));
    Path file = folder.resolve("c.safetensors");
    FormulaCheckpointWriter.write(checkpoint, file, StoredType.BF16);
    try (SafetensorsFile written = SafetensorsFile.open(file)) {
      assertEquals(StoredType.I64, written.tensor("n").storedType());
      assertEquals(9, written.tensor("n").bytes().get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
    }
  }

  @Test
  void refusesBrokenManifests() throws IOException {
    assertRejected("{\"seed\": 1}", "tensors is missing");
    assertRejected(
        "{\"seed\": 1, \"tensors\": [{\"key\": \"a\", \"shape\": [1], \"alias_of\": \"b\"}]}",
        "a is an alias of b, expected a tensor with a formula of its own");
    assertRejected(
        "{\"seed\": 1, \"tensors\": [{\"key\": \"a\", \"shape\": [1], \"dtype\": \"F8\", \"base\": 0, \"scale\": 0}]}",
        "dtype is F8, expected F32 or I64");
    assertTrue(
        assertThrows(CheckpointException.class, () -> GoldenSet.open(folder.resolve("none")))
            .getMessage()
            .endsWith("there is no such folder"));
  }

  private FormulaCheckpoint manifest(String json) throws IOException {
    return FormulaCheckpoint.read(Files.writeString(folder.resolve("manifest.json"), json));
  }

  private void assertRejected(String json, String expected) {
    String message = assertThrows(CheckpointException.class, () -> manifest(json)).getMessage();
    assertTrue(message.contains(expected), message);
  }

  private void copySmall() throws IOException {
    Path target = Files.createDirectories(folder.resolve(SMALL));
    for (String file : List.of("manifest.json", "expected.safetensors", "config.json")) {
      Files.copy(golden().resolve(SMALL).resolve(file), target.resolve(file));
    }
  }
}
