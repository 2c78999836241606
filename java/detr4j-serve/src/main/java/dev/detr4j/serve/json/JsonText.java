package dev.detr4j.serve.json;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.detr4j.serve.exchange.Refusal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * A string of a request, left where it lies in the body: an image in Base64 then costs its decoded
 * bytes once more, and no characters.
 */
public final class JsonText {
  private static final byte[] URL_START = "http".getBytes(StandardCharsets.US_ASCII);
  private static final int LONGEST_HEAD = 100;

  private final String where;
  private final byte[] body;
  private final int start;
  private final int end;

  /** The bytes between the quotes. */
  JsonText(String where, byte[] body, int start, int end) {
    this.where = where;
    this.body = body;
    this.start = start;
    this.end = end;
  }

  /** Where it stands, as in {@code input_data.data[1]}. */
  public String where() {
    return where;
  }

  /** Whether it begins as {@code http://} and {@code https://} do; Base64 has no colon. */
  public boolean isUrl() {
    for (int i = 0; i < URL_START.length; i++) {
      if (start + i >= end || (body[start + i] | 0x20) != URL_START[i]) {
        return false;
      }
    }
    int at = start + URL_START.length;
    if (at < end && (body[at] | 0x20) == 's') {
      at++;
    }
    return at < end && body[at] == ':';
  }

  /**
   * The text.
   *
   * @param longest in bytes of the request
   */
  public String text(int longest) {
    if (end - start > longest) {
      throw Refusal.malformed(
          "%s has %d bytes, expected at most %d".formatted(where, end - start, longest));
    }
    try (JsonParser parser = JsonTree.parser(body, start - 1, end - start + 2)) {
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw new AssertionError("a string was found here before");
      }
      return parser.getText();
    } catch (IOException e) {
      throw Refusal.malformed(where + " is not valid JSON");
    }
  }

  /**
   * The bytes that the text encodes in Base64: the usual or the URL alphabet, padded or not, line
   * breaks and a head of {@code data:image/…;base64,} allowed.
   */
  public byte[] decodeBase64() {
    byte[] source = body;
    int from = start;
    int to = end;
    if (contains(body, start, end, '\\', '\\')) { // \n between lines, \/ from PHP
      source = text(Integer.MAX_VALUE).getBytes(StandardCharsets.UTF_8);
      from = 0;
      to = source.length;
    }
    from += headLength(source, from, to);
    boolean url = contains(source, from, to, '-', '_');
    int kept = to;
    if (hasSpace(source, from, to)) {
      byte[] packed = new byte[to - from];
      kept = 0;
      for (int i = from; i < to; i++) {
        if (!isSpace(source[i])) {
          packed[kept++] = source[i];
        }
      }
      source = packed;
      from = 0;
    }
    try {
      ByteBuffer decoded =
          (url ? Base64.getUrlDecoder() : Base64.getDecoder())
              .decode(ByteBuffer.wrap(source, from, kept - from));
      byte[] bytes = decoded.array();
      if (bytes.length == decoded.remaining()) {
        return bytes;
      }
      byte[] exact = new byte[decoded.remaining()];
      decoded.get(exact);
      return exact;
    } catch (IllegalArgumentException e) {
      throw Refusal.malformed(where + " is not Base64");
    }
  }

  private static int headLength(byte[] source, int from, int to) {
    if (to - from < 5 || source[from] != 'd' || source[from + 4] != ':') {
      return 0;
    }
    for (int i = from; i < Math.min(to, from + LONGEST_HEAD); i++) {
      if (source[i] == ',') {
        return i + 1 - from;
      }
    }
    return 0;
  }

  private static boolean contains(byte[] source, int from, int to, char one, char other) {
    for (int i = from; i < to; i++) {
      if (source[i] == one || source[i] == other) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasSpace(byte[] source, int from, int to) {
    for (int i = from; i < to; i++) {
      if (isSpace(source[i])) {
        return true;
      }
    }
    return false;
  }

  private static boolean isSpace(byte b) {
    return b == '\n' || b == '\r' || b == ' ';
  }
}
