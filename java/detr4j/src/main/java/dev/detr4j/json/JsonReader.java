package dev.detr4j.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Parses the text of a small outside file into a {@link JsonObject}.
 *
 * <p>Accepts what Python's {@code json} module accepts, {@code NaN} and {@code Infinity} and
 * integers of any size included, so that a field that nobody asks for cannot spoil a file. Bounded,
 * in nesting and in the number of values, before memory is spent; duplicate names are refused.
 */
public final class JsonReader {
  /** Five times what the shard index of the checkpoint with the most tensors has. */
  private static final int MOST_VALUES = 250_000;

  /** Python's own bound on the digits of an integer. */
  private static final int MOST_DIGITS = 4300;

  /** The words that Python takes for numbers; the parser takes a few more. */
  private static final Set<String> NUMBER_WORDS = Set.of("NaN", "Infinity", "-Infinity");

  private static final JsonFactory JSON =
      factory(
          StreamReadConstraints.builder().maxNestingDepth(32).maxNumberLength(MOST_DIGITS).build(),
          true);

  private final JsonParser parser;
  private final Function<String, ? extends Detr4jException> error;
  private int values;

  private JsonReader(JsonParser parser, Function<String, ? extends Detr4jException> error) {
    this.parser = parser;
    this.error = error;
  }

  /**
   * A factory whose parsers share nothing that a file could leave behind for the next one.
   *
   * <p>Canonical field names are off: their table belongs to the factory, and a file of names with
   * one hash makes it fail for every later file. Buffers are not recycled either.
   *
   * @param python whether {@code NaN} and infinities are numbers
   */
  public static JsonFactory factory(StreamReadConstraints limits, boolean python) {
    return JsonFactory.builder()
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, python)
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
        .streamReadConstraints(limits)
        .build();
  }

  /** The characters of UTF-8 text, which the parser itself would not check. */
  public static CharBuffer decode(ByteBuffer text) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(text);
  }

  /** Parses text that must hold one JSON object; {@code where} names the text in messages. */
  static JsonObject parse(
      String where, byte[] text, Function<String, ? extends Detr4jException> error) {
    CharBuffer chars;
    try {
      chars = decode(ByteBuffer.wrap(text));
    } catch (CharacterCodingException e) {
      throw caused(error.apply(where + " is not valid JSON: it is not UTF-8 text"), e);
    }
    if (chars.hasRemaining() && chars.get(chars.position()) == '\uFEFF') {
      chars.get();
    }
    JsonPlace place = new JsonPlace(null, where);
    try (JsonParser parser =
        JSON.createParser(
            chars.array(), chars.arrayOffset() + chars.position(), chars.remaining())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw error.apply(where + " is not a JSON object");
      }
      JsonObject object = new JsonReader(parser, error).object(place);
      if (parser.nextToken() != null) {
        throw error.apply(where + " has more text after its JSON object");
      }
      return object;
    } catch (JsonProcessingException e) {
      throw caused(error.apply(where + " is " + JsonFault.of(e)), e);
    } catch (Detr4jException e) {
      throw e;
    } catch (RuntimeException e) {
      throw caused(
          error.apply(
              where + " cannot be parsed: the parser failed with " + OneLine.of(e.toString())),
          e);
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  private static Detr4jException caused(Detr4jException made, Exception cause) {
    if (made.getCause() == null) {
      made.initCause(cause);
    }
    return made;
  }

  private JsonObject object(JsonPlace place) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    Set<String> nulls = new LinkedHashSet<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      Object value =
          parser.nextToken() == JsonToken.VALUE_NULL
              ? JsonNull.NULL
              : value(new JsonPlace(place, name));
      count(place);
      if (value == JsonNull.NULL) {
        nulls.add(name);
      } else {
        fields.put(name, value);
      }
    }
    return new JsonObject(place, fields, nulls.isEmpty() ? Set.of() : nulls, error);
  }

  private Object value(JsonPlace place) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(place);
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(place));
          count(place);
        }
        yield Collections.unmodifiableList(list);
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> integer();
      case VALUE_NUMBER_FLOAT -> {
        String text = parser.getText();
        if (Character.isLetter(text.charAt(text.length() - 1)) && !NUMBER_WORDS.contains(text)) {
          throw error.apply(place + " is not valid JSON: " + OneLine.of(text));
        }
        yield parser.getDoubleValue();
      }
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> JsonNull.NULL;
      default -> throw error.apply(place + " is not valid JSON");
    };
  }

  private Number integer() throws IOException {
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      return parser.getBigIntegerValue();
    }
    return parser.getLongValue();
  }

  private void count(JsonPlace place) {
    if (++values > MOST_VALUES) {
      throw error.apply(
          "%s has more than %d values, expected a small file".formatted(place.file(), MOST_VALUES));
    }
  }
}
