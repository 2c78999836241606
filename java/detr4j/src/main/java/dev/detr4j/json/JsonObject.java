package dev.detr4j.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object of a small outside file, with getters that say what was wrong, where, and what was
 * expected.
 *
 * <p>A field that is {@code null} counts as absent, as it does for the Python classes that write
 * these files. Files are bounded (16 MB, 32 levels), duplicate fields are refused. Immutable.
 */
public final class JsonObject {
  private static final long LONGEST = 16L << 20;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(32).maxNumberLength(64).build())
          .build();

  private final String where;
  private final Map<String, Object> fields;
  private final Function<String, ? extends Detr4jException> error;

  private JsonObject(
      String where, Map<String, Object> fields, Function<String, ? extends Detr4jException> error) {
    this.where = where;
    this.fields = fields;
    this.error = error;
  }

  /**
   * Reads a file that must hold one JSON object.
   *
   * @param error makes the exception for everything that is wrong with the file, now or in a getter
   */
  public static JsonObject read(Path path, Function<String, ? extends Detr4jException> error) {
    String where = OneLine.of(String.valueOf(path.getFileName()));
    byte[] text;
    try {
      long size = Files.size(path);
      if (size > LONGEST) {
        throw error.apply("%s has %d bytes, expected at most %d".formatted(where, size, LONGEST));
      }
      text = Files.readAllBytes(path);
    } catch (NoSuchFileException e) {
      throw error.apply(OneLine.of(path.toString()) + ": there is no such file");
    } catch (IOException e) {
      throw error.apply(
          "%s cannot be read: %s".formatted(OneLine.of(path.toString()), OneLine.of(e)));
    }
    return parse(where, text, error);
  }

  /** Parses text that must hold one JSON object; {@code where} names the text in messages. */
  public static JsonObject parse(
      String where, byte[] text, Function<String, ? extends Detr4jException> error) {
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw error.apply(where + " is not a JSON object");
      }
      JsonObject object = readObject(parser, where, error);
      if (parser.nextToken() != null) {
        throw error.apply(where + " has more text after its JSON object");
      }
      return object;
    } catch (JsonProcessingException e) {
      throw error.apply(where + " is not valid JSON: " + OneLine.of(e.getOriginalMessage()));
    } catch (CharConversionException e) {
      // Jackson takes text that begins with zero bytes for UTF-16 or UTF-32.
      throw error.apply(where + " is not valid JSON: it is not UTF-8 text");
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  private static JsonObject readObject(
      JsonParser parser, String where, Function<String, ? extends Detr4jException> error)
      throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      Object value = readValue(parser, where + ": " + OneLine.of(name), error);
      if (value != null) {
        fields.put(name, value);
      }
    }
    return new JsonObject(where, fields, error);
  }

  private static @Nullable Object readValue(
      JsonParser parser, String where, Function<String, ? extends Detr4jException> error)
      throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> readObject(parser, where, error);
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          Object element = readValue(parser, where, error);
          if (element == null) {
            throw error.apply(where + " has a null in its list");
          }
          list.add(element);
        }
        yield Collections.unmodifiableList(list);
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getLongValue();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw error.apply(where + " is not valid JSON");
    };
  }

  /** The file, and for a nested object the field, that this object came from. */
  public String where() {
    return where;
  }

  /** The names of the fields that are present and not null, in the order of the file. */
  public Set<String> names() {
    return Collections.unmodifiableSet(fields.keySet());
  }

  /** Whether the field is present and not null. */
  public boolean has(String name) {
    return fields.containsKey(name);
  }

  /** Whether the field is present and a JSON object. */
  public boolean isObject(String name) {
    return fields.get(name) instanceof JsonObject;
  }

  /** Whether the field is present and a list. */
  public boolean isList(String name) {
    return fields.get(name) instanceof List;
  }

  /** The string field, which must be present. */
  public String string(String name) {
    return required(name, String.class, "a string");
  }

  /** The string field, or the default when it is absent. */
  public String string(String name, String absent) {
    return has(name) ? string(name) : absent;
  }

  /** The boolean field, or the default when it is absent. */
  public boolean bool(String name, boolean absent) {
    return has(name) ? required(name, Boolean.class, "true or false") : absent;
  }

  /** The integer field, which must be present and within the bounds, both included. */
  public int integer(String name, int least, int most) {
    long value = required(name, Long.class, "an integer");
    if (value < least || value > most) {
      throw wrong("%s is %d, expected %d to %d".formatted(OneLine.of(name), value, least, most));
    }
    return (int) value;
  }

  /** The integer field within the bounds, or the default when it is absent. */
  public int integer(String name, int absent, int least, int most) {
    return has(name) ? integer(name, least, most) : absent;
  }

  /** The 64-bit integer field, which must be present. */
  public long longInteger(String name) {
    return required(name, Long.class, "an integer");
  }

  /** The number field, which must be present; integers are numbers too. */
  public double number(String name) {
    return required(name, Number.class, "a number").doubleValue();
  }

  /** The number field, or the default when it is absent. */
  public double number(String name, double absent) {
    return has(name) ? number(name) : absent;
  }

  /** The object field, which must be present. */
  public JsonObject object(String name) {
    return required(name, JsonObject.class, "an object");
  }

  /** The elements of the list field, which must be present and hold strings only. */
  public List<String> strings(String name) {
    return elements(name, String.class, "strings");
  }

  /** The elements of the list field, which must be present and hold objects only. */
  public List<JsonObject> objects(String name) {
    return elements(name, JsonObject.class, "objects");
  }

  /** The elements of the list field, which must be present and hold integers within the bounds. */
  public List<Integer> integers(String name, int least, int most) {
    List<Integer> narrowed = new ArrayList<>();
    for (long value : elements(name, Long.class, "integers")) {
      if (value < least || value > most) {
        throw wrong(
            "%s holds %d, expected %d to %d".formatted(OneLine.of(name), value, least, most));
      }
      narrowed.add((int) value);
    }
    return List.copyOf(narrowed);
  }

  /** The elements of the list field, which must be present and hold numbers only. */
  public List<Double> numbers(String name) {
    return elements(name, Number.class, "numbers").stream().map(Number::doubleValue).toList();
  }

  /** The elements of the list field, which must be present and hold lists of integers only. */
  public List<List<Integer>> integerLists(String name) {
    List<List<Integer>> rows = new ArrayList<>();
    for (List<?> row : elements(name, List.class, "lists")) {
      List<Integer> narrowed = new ArrayList<>();
      for (Object value : row) {
        if (!(value instanceof Long number) || number != number.intValue()) {
          throw wrong(OneLine.of(name) + " is not a list of lists of integers");
        }
        narrowed.add(number.intValue());
      }
      rows.add(List.copyOf(narrowed));
    }
    return List.copyOf(rows);
  }

  /** The elements of the list field, which must be present and hold lists of numbers only. */
  public List<List<Double>> numberLists(String name) {
    List<List<Double>> rows = new ArrayList<>();
    for (List<?> row : elements(name, List.class, "lists")) {
      List<Double> widened = new ArrayList<>();
      for (Object value : row) {
        if (!(value instanceof Number number)) {
          throw wrong(OneLine.of(name) + " is not a list of lists of numbers");
        }
        widened.add(number.doubleValue());
      }
      rows.add(List.copyOf(widened));
    }
    return List.copyOf(rows);
  }

  /**
   * An exception of one line that begins with the place of this object; the text may quote the
   * file.
   */
  public Detr4jException wrong(String what) {
    return error.apply(where + ": " + OneLine.of(what, 1000));
  }

  private <T> List<T> elements(String name, Class<T> type, String expected) {
    List<T> typed = new ArrayList<>();
    for (Object element : required(name, List.class, "a list of " + expected)) {
      if (!type.isInstance(element)) {
        throw wrong(
            OneLine.of(name) + " holds " + describe(element) + ", expected a list of " + expected);
      }
      typed.add(type.cast(element));
    }
    return Collections.unmodifiableList(typed);
  }

  private <T> T required(String name, Class<T> type, String expected) {
    Object value = fields.get(name);
    if (value == null) {
      throw wrong(OneLine.of(name) + " is missing, expected " + expected);
    }
    if (!type.isInstance(value)) {
      throw wrong("%s is %s, expected %s".formatted(OneLine.of(name), describe(value), expected));
    }
    return type.cast(value);
  }

  private static String describe(Object value) {
    return switch (value) {
      case String text -> "\"" + OneLine.of(text) + "\"";
      case JsonObject object -> "an object";
      case List<?> list -> "a list of " + list.size();
      default -> value.toString();
    };
  }
}
