package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file whose names all have one hash, made of "Ab" and "BA", leaves nothing behind that the next
 * file could meet.
 */
class HostileNamesTest {
  private static final int GOOD_FILES = 200;

  @TempDir Path folder;

  private static String name(int bits, int places) {
    return IntStream.range(0, places)
        .mapToObj(place -> (bits >> place & 1) == 0 ? "Ab" : "BA")
        .collect(Collectors.joining());
  }

  private static JsonObject config(String text) {
    return JsonObject.parse(
        "config.json", text.getBytes(StandardCharsets.UTF_8), ModelConfigException::new);
  }

  @Test
  void headersReadAfterwardsAreReadAsBefore() throws IOException {
    for (int places = 11; places < 15; places++) {
      int each = places;
      String json =
          IntStream.range(0, 1 << each)
              .mapToObj(i ->
                  "\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"
                      .formatted(name(i, each)))
              .collect(Collectors.joining(",", "{", "}"));
      Path hostile = write(json);
      try (SafetensorsFile file = SafetensorsFile.open(hostile)) {
        assertEquals(1 << each, file.names().size());
      }
      for (int i = 0; i < GOOD_FILES; i++) {
        try (SafetensorsFile file =
            SafetensorsFile.open(Resources.path("containers/model_f32.safetensors"))) {
          assertTrue(file.find("head.weight").isPresent());
        }
      }
    }
  }

  @Test
  void configurationsReadAfterwardsAreReadAsBefore() {
    String names =
        IntStream.range(0, 1 << 16)
            .mapToObj(i -> "\"" + name(i, 16) + "\":1")
            .collect(Collectors.joining(","));
    ModelConfig hostile = ModelFamilies.ALL.read(config("{\"model_type\":\"detr\"," + names + "}"));
    assertEquals(100, hostile.numQueries());
    for (int i = 0; i < GOOD_FILES; i++) {
      JsonObject good = config("{\"model_type\":\"detr\",\"num_queries\":" + (i + 1) + "}");
      assertEquals(i + 1, ModelFamilies.ALL.read(good).numQueries());
    }
  }

  @Test
  void manyColumnsInTheNestedObjectsOfAListAreNoMatterEither() {
    String rows =
        IntStream.range(0, 1 << 12)
            .mapToObj(i -> "{\"" + name(i, 12) + "\":0}")
            .collect(Collectors.joining(",", "[", "]"));
    assertEquals(1 << 12, config("{\"rows\":" + rows + "}").objects("rows").size());
  }

  @Test
  void aDuplicateAmongThemIsStillSeen() {
    String message =
        assertThrows(
                ModelConfigException.class,
                () -> config("{\"" + name(5, 16) + "\":1,\"" + name(5, 16) + "\":2}"))
            .getMessage();
    assertTrue(
        message.matches("config.json is not valid JSON at line 1, column \\d+: duplicate field .*"),
        message);
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    byte[] text = "{\"model_type\":\"d\u00e9tr\"}".getBytes(StandardCharsets.ISO_8859_1);
    String message =
        assertThrows(
                CheckpointException.class,
                () -> JsonObject.parse("config.json", text, CheckpointException::new))
            .getMessage();
    assertEquals("config.json is not valid JSON: it is not UTF-8 text", message);
  }

  private Path write(String text) throws IOException {
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
    return Files.write(
        folder.resolve("hostile.safetensors"), file.putLong(json.length).put(json).array());
  }
}
