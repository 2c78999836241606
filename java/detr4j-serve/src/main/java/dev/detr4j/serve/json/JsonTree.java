package dev.detr4j.serve.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import dev.detr4j.serve.exchange.Refusal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Parses a body into maps, lists, numbers, booleans and {@link JsonText}.
 *
 * <p>Bounded in nesting and in the number of values before memory is spent. Duplicate names are
 * refused.
 */
final class JsonTree {
  private static final StreamReadConstraints LIMITS =
      StreamReadConstraints.builder()
          .maxNestingDepth(16)
          .maxNumberLength(100)
          .maxNameLength(200)
          .maxStringLength(Integer.MAX_VALUE) // the body is bounded, and strings stay in it
          .build();

  private static final int MOST_VALUES = 10_000;

  private final JsonParser parser;
  private final byte[] body;
  private int values;

  private JsonTree(JsonParser parser, byte[] body) {
    this.parser = parser;
    this.body = body;
  }

  /**
   * A parser that knows where in the bytes it is. Its table of names is its own: names of one hash
   * would make a shared one fail for all later requests.
   */
  static JsonParser parser(byte[] bytes, int offset, int length) throws IOException {
    return JsonFactory.builder()
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
        .streamReadConstraints(LIMITS)
        .build()
        .createParser(bytes, offset, length);
  }

  static JsonMap parse(byte[] body, int length) {
    try (JsonParser parser = parser(body, 0, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw Refusal.malformed("the body is not a JSON object");
      }
      if (parser.currentTokenLocation().getByteOffset() < 0) {
        throw Refusal.malformed("the body is not in UTF-8");
      }
      JsonMap map = new JsonTree(parser, body).map("");
      if (parser.nextToken() != null) {
        throw Refusal.malformed("the body has more text after its JSON object");
      }
      return map;
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      throw Refusal.malformed(
          "the body is not valid JSON"
              + (at == null || at.getByteOffset() < 0 ? "" : " near byte " + at.getByteOffset()));
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  private JsonMap map(String where) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      Object value = value(where.isEmpty() ? name : where + "." + name);
      if (value != null) {
        fields.put(name, value);
      }
    }
    return new JsonMap(where, fields);
  }

  private @Nullable Object value(String where) throws IOException {
    if (++values > MOST_VALUES) {
      throw Refusal.tooLarge("the body has more than %d JSON values".formatted(MOST_VALUES));
    }
    return switch (parser.currentToken()) {
      case START_OBJECT -> map(where);
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          String place = where + "[" + list.size() + "]";
          Object value = value(place);
          if (value == null) {
            throw Refusal.malformed(place + " is null");
          }
          list.add(value);
        }
        yield list;
      }
      case VALUE_STRING -> text(where);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private JsonText text(String where) {
    int start = (int) parser.currentTokenLocation().getByteOffset() + 1;
    int end = start;
    // The parser has seen the first quote only; it checks the rest when it goes on.
    while (end < body.length && body[end] != '"') {
      end += body[end] == '\\' ? 2 : 1;
    }
    return new JsonText(where, body, start, Math.min(end, body.length));
  }
}
