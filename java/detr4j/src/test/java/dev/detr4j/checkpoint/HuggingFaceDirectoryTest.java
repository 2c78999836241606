package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.CheckpointException;
import dev.detr4j.Detr4jException;
import dev.detr4j.ModelConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    try (Stream<Path> shards = Files.list(Resources.path("containers/sharded"))) {
      for (Path shard : shards.toList()) {
        Files.copy(shard, folder.resolve(String.valueOf(shard.getFileName())));
      }
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
        "there is no model.safetensors and no model.safetensors.index.json");
    Files.writeString(folder.resolve("pytorch_model.bin"), "x");
    assertMessage(
        CheckpointException.class,
        folder,
        "pytorch_model.bin is not read, convert it to safetensors");
    assertMessage(
        CheckpointException.class,
        folder.resolve("pytorch_model.bin"),
        "expected a folder, a .safetensors file");
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
