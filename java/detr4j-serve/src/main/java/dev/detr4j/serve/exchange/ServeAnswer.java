package dev.detr4j.serve.exchange;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An answer for a server to send. Immutable; {@code body} is not copied.
 *
 * @param status the HTTP status code
 * @param contentType the media type of the body
 * @param headers further headers, Content-Type and Content-Length excepted
 * @param body the bytes to send
 */
public record ServeAnswer(
    int status, String contentType, Map<String, String> headers, byte[] body) {
  /** Copies the headers. */
  public ServeAnswer {
    headers = Map.copyOf(headers);
  }

  /** JSON. */
  public static ServeAnswer json(int status, byte[] body) {
    return new ServeAnswer(status, "application/json", Map.of(), body);
  }

  /** Text in UTF-8. */
  public static ServeAnswer text(int status, String text) {
    return new ServeAnswer(
        status, "text/plain; charset=utf-8", Map.of(), text.getBytes(StandardCharsets.UTF_8));
  }

  /** This answer with one more header. */
  public ServeAnswer with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new ServeAnswer(status, contentType, more, body);
  }
}
