package dev.detr4j.serve.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.serve.exchange.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonMapTest {
  private static JsonMap parse(String json) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    // A body's array is longer than the body.
    return JsonMap.parse(java.util.Arrays.copyOf(text, text.length + 100), text.length);
  }

  private static byte[] decode(String jsonString) {
    return JsonMap.asText(parse("{\"é\":1,\"x\":" + jsonString + "}").value("x"), "x")
        .decodeBase64();
  }

  /** Every length of padding, against the JDK's encoders. */
  @Test
  void everyFormOfBase64() {
    Random random = new Random(4);
    for (int length = 0; length < 200; length++) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      String text = Base64.getEncoder().encodeToString(bytes);
      assertArrayEquals(bytes, decode('"' + text + '"'));
      assertArrayEquals(bytes, decode('"' + text.replace("=", "") + '"'), "without padding");
      assertArrayEquals(bytes, decode('"' + text.replace("/", "\\/") + '"'), "as PHP writes it");
      assertArrayEquals(
          bytes, decode('"' + Base64.getUrlEncoder().encodeToString(bytes) + '"'), "for URLs");
      assertArrayEquals(
          bytes,
          decode('"' + Base64.getMimeEncoder().encodeToString(bytes).replace("\r\n", "\\n") + '"'),
          "in lines, as Python's encodebytes writes it");
      assertArrayEquals(bytes, decode("\"data:image/x-icon;base64," + text + '"'), "as a data URL");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'{\"x\":\"%%%\"}', x is not Base64",
    "'{\"x\":\"file:///etc/passwd\"}', x is not Base64",
    "'{\"x\":1}', 'x is a number, expected a string'",
  })
  void whatIsNoBase64(String json, String message) {
    assertEquals(
        message,
        assertThrows(
                Refusal.class, () -> JsonMap.asText(parse(json).value("x"), "x").decodeBase64())
            .getMessage());
  }

  @Test
  void urlsAreTold() {
    assertTrue(JsonMap.asText(parse("{\"x\":\"HTTPS://a/b\"}").value("x"), "x").isUrl());
    assertTrue(JsonMap.asText(parse("{\"x\":\"http:\"}").value("x"), "x").isUrl());
    assertFalse(JsonMap.asText(parse("{\"x\":\"httpAAAA\"}").value("x"), "x").isUrl());
    assertFalse(JsonMap.asText(parse("{\"x\":\"htt\"}").value("x"), "x").isUrl());
  }

  @ParameterizedTest
  @CsvSource({
    "[], the body is not a JSON object",
    "'{\"a\":1', the body is not valid JSON near byte 6",
    "'{\"a\":\"b', the body is not valid JSON near byte 7",
    "'{\"a\":1}x', the body is not valid JSON near byte 7",
    "'{\"a\":1}{}', the body has more text after its JSON object",
    "'{\"a\":1,\"a\":2}', the body is not valid JSON near byte 10",
    "'{\"a\":NaN}', the body is not valid JSON near byte 8",
    "'{\"a\":[null]}', a[0] is null",
  })
  void whatIsNoRequest(String json, String message) {
    assertEquals(message, assertThrows(Refusal.class, () -> parse(json)).getMessage());
  }

  @Test
  void depthAndNumberOfValuesAreBounded() {
    String deep = "{\"a\":" + "[".repeat(50) + "]".repeat(50) + "}";
    assertEquals(400, assertThrows(Refusal.class, () -> parse(deep)).status());
    String wide = "{\"a\":[" + "1,".repeat(20_000) + "1]}";
    assertEquals(413, assertThrows(Refusal.class, () -> parse(wide)).status());
    String long_ = "{\"" + "n".repeat(10_000) + "\":1}";
    assertEquals(400, assertThrows(Refusal.class, () -> parse(long_)).status());
    String digits = "{\"a\":" + "1".repeat(100_000) + "}";
    assertEquals(400, assertThrows(Refusal.class, () -> parse(digits)).status());
  }

  @Test
  void gettersSayWhereAndWhat() {
    JsonMap map = parse("{\"a\":{\"b\":[\"x\"],\"c\":1,\"d\":null,\"e\":true}}").map("a");
    assertEquals(java.util.List.of("x"), map.texts("b"));
    assertEquals(1.0, map.number("c"));
    assertFalse(map.has("d"));
    assertEquals(
        "a.d is missing, expected an object",
        assertThrows(Refusal.class, () -> map.map("d")).getMessage());
    assertEquals(
        "a.e is true or false, expected a number",
        assertThrows(Refusal.class, () -> map.number("e")).getMessage());
  }
}
