package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.ModelConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceDirectoryTest {
  @TempDir Path folder;

  @Test
  void opensFolderFileAndIndex() throws IOException {
    config();
    Path file = folder.resolve("model.safetensors");
    Files.copy(Resources.path("containers/model_f16.safetensors"), file);
    for (Path path : new Path[] {folder, file}) {
      HuggingFaceDirectory model = HuggingFaceDirectory.open(path);
      assertEquals(100, model.config().numQueries());
      assertEquals(PreprocessorConfig.defaults(), model.preprocessor());
      assertFalse(model.hasPreprocessorFile());
      try (Checkpoint checkpoint = model.openCheckpoint()) {
        assertEquals("model.safetensors", checkpoint.container());
      }
    }
    Files.delete(file);
    for (Path shard : list("containers/sharded")) {
      Files.copy(shard, folder.resolve(String.valueOf(shard.getFileName())));
    }
    Files.writeString(folder.resolve("preprocessor_config.json"), "{\"size\": 300}");
    HuggingFaceDirectory model = HuggingFaceDirectory.open(folder);
    assertEquals(new PreprocessorConfig.Edges(300, 1333), model.preprocessor().size());
    try (Checkpoint checkpoint = model.openCheckpoint()) {
      assertEquals("model.safetensors.index.json", checkpoint.container());
      assertEquals("model-00002-of-00003.safetensors", checkpoint.tensor("head.bias").container());
    }
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    assertMessage(
        ModelConfigException.class, folder.resolve("none"), "there is no such file or folder");
    assertMessage(ModelConfigException.class, folder, "there is no config.json");
    config();
    assertMessage(
        CheckpointException.class,
        folder,
        "there are no weights, expected one of model.safetensors, model.safetensors.index.json, pytorch_model.bin");
    Path other = Files.writeString(folder.resolve("pytorch_model.h5"), "x");
    assertMessage(
        CheckpointException.class,
        other,
        "expected a folder, or a file that ends in .safetensors, .safetensors.index.json, .bin");
  }

  /**
   * The files hold one model each in another container, written by the libraries of their format.
   */
  @Test
  void readsTheSameWeightsFromTorchFiles() throws IOException {
    config();
    Path safetensors =
        Files.copy(
            Resources.path("containers/model_f32.safetensors"),
            folder.resolve("model.safetensors"));
    Path bin =
        Files.copy(
            Resources.path("containers/flat_zip_protocol4.bin"),
            folder.resolve("pytorch_model.bin"));
    for (Path shard : list("containers/sharded_bin")) {
      Files.copy(shard, folder.resolve(String.valueOf(shard.getFileName())));
    }
    Path index = folder.resolve("pytorch_model.bin.index.json");
    try (Checkpoint expected = HuggingFaceDirectory.open(folder).openCheckpoint()) {
      assertEquals("model.safetensors", expected.container());
      assertSameWeights(expected, bin);
      assertSameWeights(expected, index);
      Files.delete(safetensors);
      assertSameWeights(expected, folder);
      Files.delete(bin);
      assertSameWeights(expected, folder);
    }
  }

  private static void assertSameWeights(Checkpoint expected, Path path) {
    try (Checkpoint checkpoint = HuggingFaceDirectory.open(path).openCheckpoint()) {
      assertTrue(checkpoint.container().startsWith("pytorch_model.bin"), checkpoint.container());
      // The sharded file lacks a scalar and an empty tensor that the others hold.
      assertTrue(checkpoint.names().size() >= 6);
      assertTrue(expected.names().containsAll(checkpoint.names()));
      for (String name : checkpoint.names()) {
        StoredTensor one = expected.tensor(name);
        StoredTensor other = checkpoint.tensor(name);
        assertEquals(one.storedType(), other.storedType(), name);
        assertEquals(one.shape(), other.shape(), name);
        assertEquals(-1, one.bytes().mismatch(other.bytes()), name);
        if (one.storedType().widens()) {
          assertArrayEquals(Resources.values(one), Resources.values(other), name);
        }
      }
    }
  }

  private static List<Path> list(String resources) throws IOException {
    try (Stream<Path> files = Files.list(Resources.path(resources))) {
      return files.toList();
    }
  }

  private void config() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"detr\"}");
  }

  private static void assertMessage(
      Class<? extends Detr4jException> type, Path path, String expected) {
    String message = assertThrows(type, () -> HuggingFaceDirectory.open(path)).getMessage();
    assertTrue(message.contains(expected), message);
    assertEquals(1, message.lines().count());
  }
}
