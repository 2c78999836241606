package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.image.FloatLinear;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The lists {@code names/families/*.tsv} say for each tensor what it is called in a published file
 * of the Hugging Face hub, in memory of transformers 5.18 and in the file of the original project.
 * A file under each set of names must be taken, to the last tensor.
 */
class FamilyKeysTest {
  private static final int PUBLISHED = 0;
  private static final int IN_MEMORY = 1;
  private static final int ORIGINAL = 2;
  private static final Pattern SLICE = Pattern.compile("(.+)\\[(\\d+):(\\d+)]");

  /** Surefire's working folder is the module's. */
  private static final Path CASES = Path.of("../../weights/golden/models");

  @ParameterizedTest
  @CsvSource({
    "table_transformer_detection, hf_table_transformer_detection",
    "conditional_detr_r50, hf_conditional_detr_r50",
    "rtdetr_r18vd, hf_rtdetr_r18vd",
    "rtdetr_r101vd, hf_rtdetr_r101vd",
    "rtdetr_v2_r50vd, hf_rtdetr_v2_r50vd",
    "table_transformer_native_resnet, hf_table_transformer_native_resnet",
  })
  void takesBothGenerationsOfHuggingFaceNames(String list, String golden) throws IOException {
    ModelConfig config = ModelFamilies.ALL.read(CASES.resolve(golden).resolve("config.json"));
    for (int column : new int[] {PUBLISHED, IN_MEMORY}) {
      CheckpointWeights weights =
          new CheckpointWeights(listed(list, column), config.family().huggingFaceNames(config));
      assertDoesNotThrow(() -> config.network(weights), list);
      assertDoesNotThrow(weights::finish, list);
    }
  }

  /** D-FINE: what 4.x and the files say, and the names that 5.18 has in memory. */
  @ParameterizedTest
  @ValueSource(strings = {"hf_dfine_nano", "hf_dfine_small", "hf_dfine_large"})
  void takesBothGenerationsOfDFine(String golden) {
    ModelConfig config = ModelFamilies.ALL.read(CASES.resolve(golden).resolve("config.json"));
    ListedCheckpoint checkpoint = manifest(golden);
    assertTakesAll(config, checkpoint, golden);
    checkpoint
        .rename("\\.out_proj\\.", ".o_proj.")
        .rename("\\.fc1\\.", ".mlp.layers.0.")
        .rename("\\.fc2\\.", ".mlp.layers.1.")
        .rename("model\\.encoder\\.encoder\\.", "model.encoder.aifi.")
        .rename("model\\.decoder\\.(class|bbox)_embed", "$1_embed");
    assertTakesAll(config, checkpoint, golden + " as 5.18 has it in memory");
  }

  /** RF-DETR: the names of transformers' modules, and roboflow's. */
  @ParameterizedTest
  @ValueSource(
      strings = {"hf_rfdetr_base", "hf_rfdetr_small_resampled", "hf_rfdetr_nano_original_names"})
  void takesBothNamesOfRfDetr(String golden) {
    ModelConfig config = ModelFamilies.ALL.read(CASES.resolve(golden).resolve("config.json"));
    ListedCheckpoint checkpoint = manifest(golden);
    assertTakesAll(config, checkpoint, golden);
    checkpoint.put("model.backbone.backbone.encoder.layer.1.norm3.weight", Shape.of(384));
    CheckpointWeights weights =
        new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config));
    config.network(weights);
    assertThrows(CheckpointException.class, weights::finish);
  }

  /** LW-DETR: what 5.18 saves, and the names that it has in memory. */
  @Test
  void takesBothNamesOfLwDetr() {
    String golden = "hf_lwdetr_small";
    ModelConfig config = ModelFamilies.ALL.read(CASES.resolve(golden).resolve("config.json"));
    ListedCheckpoint checkpoint = manifest(golden);
    assertTakesAll(config, checkpoint, golden);
    checkpoint
        .rename("attention\\.attention\\.query", "attention.q_proj")
        .rename("attention\\.attention\\.key", "attention.k_proj")
        .rename("attention\\.attention\\.value", "attention.v_proj")
        .rename("attention\\.output", "attention.o_proj");
    assertTakesAll(config, checkpoint, golden + " as 5.18 has it in memory");
  }

  /** What roboflow's files say of themselves; the size of images is the published model's. */
  @Test
  void recognisesRoboflowsFile() {
    ListedCheckpoint checkpoint = manifest("hf_rfdetr_nano_original_names");
    RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
    assertEquals(ModelSource.RF_DETR, found.source());
    assertEquals("nano", found.variant());
    assertEquals(300, found.config().numQueries());
    assertEquals(new ResizeRule.Fixed(384, 384), found.behaviour().preprocessing().resize());
    assertEquals(new FloatLinear(), found.behaviour().preprocessing().resampling());
    CheckpointWeights weights = CheckpointWeights.of(checkpoint, found);
    found.config().network(weights);
    assertDoesNotThrow(weights::finish);
    checkpoint.put("transformer.decoder.layers.9.norm9.weight", Shape.of(256));
    CheckpointWeights more = CheckpointWeights.of(checkpoint, found);
    found.config().network(more);
    assertThrows(CheckpointException.class, more::finish);
  }

  private static ListedCheckpoint manifest(String golden) {
    JsonObject manifest =
        JsonObject.read(CASES.resolve(golden).resolve("manifest.json"), CheckpointException::new);
    ListedCheckpoint checkpoint = new ListedCheckpoint();
    for (JsonObject tensor : manifest.objects("tensors")) {
      int[] shape =
          tensor.integers("shape", 1, 1 << 20).stream().mapToInt(Integer::intValue).toArray();
      checkpoint.put(tensor.string("key"), Shape.of(shape));
    }
    return checkpoint;
  }

  private static void assertTakesAll(ModelConfig config, ListedCheckpoint checkpoint, String what) {
    CheckpointWeights weights =
        new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config));
    assertDoesNotThrow(() -> config.network(weights), what);
    assertDoesNotThrow(weights::finish, what);
  }

  @ParameterizedTest
  @CsvSource({
    "table_transformer_detection, TABLE_TRANSFORMER, detection, 15",
    "conditional_detr_r50, CONDITIONAL_DETR, r50, 300",
    "rtdetr_r18vd, RT_DETR, r18vd, 300",
    "rtdetr_r101vd, RT_DETR, r101vd, 300",
    "rtdetr_v2_r50vd, RT_DETR, r50vd, 300",
  })
  void recognisesTheFilesOfTheOriginals(
      String list, ModelSource source, String variant, int queries) throws IOException {
    ListedCheckpoint checkpoint = listed(list, ORIGINAL);
    RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
    assertEquals(source, found.source());
    assertEquals(variant, found.variant());
    assertEquals(queries, found.config().numQueries());
    CheckpointWeights weights = CheckpointWeights.of(checkpoint, found);
    found.config().network(weights);
    assertDoesNotThrow(weights::finish);
  }

  /** The tensors of one column; where it is empty, the name is that of the published file. */
  private static ListedCheckpoint listed(String list, int column) throws IOException {
    ListedCheckpoint checkpoint = new ListedCheckpoint();
    Map<String, int[]> joined = new LinkedHashMap<>();
    List<String> lines = Resources.text("names/families/" + list + ".tsv").lines().toList();
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split("\t", -1);
      String name = cells[column].isEmpty() ? cells[PUBLISHED] : cells[column];
      int[] shape =
          Arrays.stream(cells[3].replaceAll("[\\[\\] ]", "").split(",", -1))
              .filter(extent -> !extent.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      Matcher slice = SLICE.matcher(name);
      if (slice.matches()) {
        int end = Integer.parseInt(slice.group(3));
        int[] whole = shape.clone();
        whole[0] = Math.max(end, joined.getOrDefault(slice.group(1), new int[] {0})[0]);
        joined.put(slice.group(1), whole);
      } else if (cells[4].equals("I64")) {
        checkpoint.put(name, Shape.of(shape), StoredType.I64);
      } else {
        checkpoint.put(name, Shape.of(shape));
      }
    }
    joined.forEach((name, shape) -> checkpoint.put(name, Shape.of(shape)));
    return checkpoint;
  }
}
