package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Full-size files of the projects as Hugging Face folders: the names are those that transformers
 * wrote for the same architecture, as the golden set lists them, and the weights those of the file,
 * bit for bit. {@code bench/peers/python/check_conversion.py} has transformers load them.
 */
class ConversionTest {
  private static final Path GOLDEN = Path.of("../../weights/golden");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "DETR, models/hf_detr_r50, 0",
    "TABLE_TRANSFORMER, models/hf_table_transformer_detection, 0",
    "CONDITIONAL_DETR, models/hf_conditional_detr_r50, 0",
    "D_FINE, models/hf_dfine_nano, 0",
    "LW_DETR, models/hf_lwdetr_small, 0",
    "DEFORMABLE_DETR, models/hf_deformable_two_stage, 0",
    "DETREX_REFINE, models/hf_deformable_refine, 0",
    "MMDETECTION_2, models/hf_deformable_two_stage, 4",
  })
  void aFileOfAProject(PublishedFile published, String likeCase, int zeroBiases)
      throws IOException {
    GoldenSet set = GoldenSet.open(GOLDEN);
    Path file = published.write(set.model(published.goldenCase()), folder);
    Path converted = Files.createDirectory(folder.resolve("converted"));
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(file, RecognitionOptions.NONE, null)) {
      conversion.write(converted);
      assertTrue(!conversion.notes().isEmpty());
    }
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(converted);
    assertTrue(directory.hasPreprocessorFile());
    try (Checkpoint before = TorchCheckpoint.open(file);
        Checkpoint after = directory.openCheckpoint();
        Arena arena = Arena.ofConfined()) {
      Set<String> names = new TreeSet<>(set.model(likeCase).checkpoint().names());
      // What inference has no use for stays behind.
      names.removeIf(name ->
          name.endsWith(".num_batches_tracked")
              || name.endsWith(".num_points_scale")
              || name.startsWith("model.denoising_class_embed.")
              || (published == PublishedFile.LW_DETR && ofTrainingAlone(name)));
      assertEquals(names, new TreeSet<>(after.names()));
      RecognisedModel found = ModelFamilies.ALL.recognise(before, RecognitionOptions.NONE);
      Map<String, Weight> expected = asked(found.config(), CheckpointWeights.of(before, found));
      Map<String, Weight> actual =
          asked(directory.config(), new CheckpointWeights(after, directory.names()));
      expected.forEach((name, weight) ->
          assertEquals(
              -1, values(weight, arena).mismatch(values(actual.remove(name), arena)), name));
      // What the project does not have: biases of zero.
      assertEquals(zeroBiases, actual.size(), actual.keySet()::toString);
      for (Weight bias : actual.values()) {
        assertArrayEquals(new byte[1024], values(bias, arena).toArray(ValueLayout.JAVA_BYTE));
      }
      if (published == PublishedFile.DETR) {
        // Written from this very case under facebookresearch's names: everything comes back.
        FormulaCheckpoint original = set.model(likeCase).checkpoint();
        for (String name : after.names()) {
          StoredTensor tensor = after.tensor(name);
          assertEquals(-1, original.tensor(name).bytes().mismatch(tensor.bytes()), name);
        }
      }
    }
    Files.delete(file);
    Files.delete(converted.resolve("model.safetensors"));
  }

  /** LW-DETR's groups of queries but the first, and a block that nothing looks at. */
  private static boolean ofTrainingAlone(String name) {
    return name.matches("model\\.enc_out[a-z_]*\\.[1-9].*")
        || name.startsWith("model.backbone.backbone.encoder.layer.9.");
  }

  private static Map<String, Weight> asked(ModelConfig config, WeightSource source) {
    Map<String, Weight> asked = new LinkedHashMap<>();
    WeightSource recorder =
        new WeightSource() {
          @Override
          public Weight get(String canonicalName, Shape expected, String reason) {
            Weight weight = source.get(canonicalName, expected, reason);
            asked.put(canonicalName, weight);
            return weight;
          }

          @Override
          public void finish() {
            source.finish();
          }
        };
    config.network(recorder);
    recorder.finish();
    return asked;
  }

  private static MemorySegment values(Weight weight, Arena arena) {
    MemorySegment values = arena.allocate(4 * weight.shape().elements(), 64);
    weight.read(values);
    return values;
  }

  @Test
  void whatTransformersHasNotIsRefused() throws IOException {
    GoldenSet set = GoldenSet.open(GOLDEN);
    Path file = PublishedFile.BIRDER.write(set.model("models/birder_boxref"), folder);
    ModelConfigException error =
        assertThrows(
            ModelConfigException.class,
            () -> HuggingFaceConversion.open(file, RecognitionOptions.NONE, null));
    assertTrue(
        String.valueOf(error.getMessage()).contains("transformers cannot express birder's"),
        error::getMessage);
    Files.delete(file);
  }

  @Test
  void aFolderKeepsItsConfiguration() throws IOException {
    Path model = SmallModel.writeBelow(folder);
    Path converted = Files.createDirectory(folder.resolve("converted"));
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(model, RecognitionOptions.NONE, null)) {
      conversion.write(converted);
      assertEquals(List.of(), conversion.notes());
    }
    for (String name : List.of("config.json", "preprocessor_config.json", "model.safetensors")) {
      assertEquals(-1, Files.mismatch(model.resolve(name), converted.resolve(name)), name);
    }
  }
}
