package dev.detr4j.serve.dialect;

import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.json.JsonText;
import java.util.Arrays;

/** Where a request has an image. */
public sealed interface ImageSource {
  /** What to call it in messages, as in {@code input_data.data[1]}. */
  String where();

  /**
   * Bytes of a body.
   *
   * @param from index of the first
   * @param to index after the last
   */
  record Raw(String where, byte[] bytes, int from, int to) implements ImageSource {
    byte[] copy() {
      return from == 0 && to == bytes.length ? bytes : Arrays.copyOfRange(bytes, from, to);
    }
  }

  /** Base64 in a body. */
  record Encoded(JsonText text) implements ImageSource {
    @Override
    public String where() {
      return text.where();
    }
  }

  /** An address, to be fetched where that is allowed. */
  record Url(String where, String address) implements ImageSource {}

  /** A string of JSON: an address if it begins like one, else Base64. Never a path. */
  static ImageSource of(JsonText text) {
    return text.isUrl() ? new Url(text.where(), text.text(2_000)) : new Encoded(text);
  }

  /** A string of JSON that the dialect declares to be Base64. */
  static ImageSource ofBase64(JsonText text) {
    return new Encoded(text);
  }

  /** The encoded image, which for an address has been fetched before. */
  default byte[] bytes() {
    return switch (this) {
      case Raw raw -> raw.copy();
      case Encoded encoded -> encoded.text.decodeBase64();
      case Url url -> throw Refusal.malformed(url.where + " is a URL");
    };
  }
}
