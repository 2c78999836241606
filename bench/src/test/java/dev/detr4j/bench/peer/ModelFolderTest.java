package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
  @TempDir private Path folder;

  @Test
  void theSizeIsThatOfTheTargets() throws IOException {
    Files.createFile(folder.resolve("config.json"));
    assertEquals(800, ModelFolder.of(folder).defaultHeight());
    assertEquals(1066, ModelFolder.of(folder).defaultWidth());
    Path processor = folder.resolve("preprocessor_config.json");
    Files.writeString(processor, "{\"size\": {\"shortest_edge\": 700}}");
    assertEquals(800, ModelFolder.of(folder).defaultHeight());
    Files.writeString(processor, "{\"size\": {\"height\": 384, \"width\": 512}}");
    assertEquals(384, ModelFolder.of(folder).defaultHeight());
    assertEquals(512, ModelFolder.of(folder).defaultWidth());
    Files.createFile(folder.resolve("birder.pt"));
    assertEquals(640, ModelFolder.of(folder).defaultHeight());
    assertEquals(853, ModelFolder.of(folder).defaultWidth());
  }

  @Test
  void whatIsMissingIsNamedWithTheScriptThatMakesIt() throws IOException {
    assertSaid("make_models.py " + folder.getParent(), () -> ModelFolder.of(folder));
    Files.createFile(folder.resolve("config.json"));
    ModelFolder model = ModelFolder.of(folder);
    assertSaid(
        "python bench/peers/python/export_onnx.py %s %s/model.onnx".formatted(folder, folder),
        model::onnx);
    assertSaid(
        "python bench/peers/python/trace_torch.py %s %s/traced.pt".formatted(folder, folder),
        model::traced);
    Files.createFile(folder.resolve("model.onnx"));
    assertEquals(folder.resolve("model.onnx"), model.onnx());
  }

  private static void assertSaid(String words, Supplier<?> look) {
    String message =
        String.valueOf(assertThrows(ComparisonException.class, look::get).getMessage());
    assertTrue(message.contains(words), message);
  }
}
