package dev.detr4j.json;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A JSON object of a small outside file, with getters that say what was wrong, where, and what was
 * expected.
 *
 * <p>A field that is {@code null} counts as absent, as it does for the Python classes that write
 * these files; {@link #isNull} tells the two apart. Files are bounded (16 MB, 32 levels, 250,000
 * values), duplicate fields are refused. Immutable.
 */
public final class JsonObject {
  /** The most bytes of a file. */
  public static final int LONGEST = 16 << 20;

  private final JsonPlace place;
  private final Map<String, Object> fields;
  private final Set<String> nulls;
  private final Function<String, ? extends Detr4jException> error;

  JsonObject(
      JsonPlace place,
      Map<String, Object> fields,
      Set<String> nulls,
      Function<String, ? extends Detr4jException> error) {
    this.place = place;
    this.fields = fields;
    this.nulls = nulls;
    this.error = error;
  }

  /**
   * Reads a file that must hold one JSON object.
   *
   * @param error makes the exception for everything that is wrong with the file, now or in a getter
   */
  public static JsonObject read(Path path, Function<String, ? extends Detr4jException> error) {
    return parse(OneLine.of(String.valueOf(path.getFileName())), text(path, error), error);
  }

  /** The bytes of a file as {@link #read} reads them, within the same bounds. */
  public static byte[] text(Path path, Function<String, ? extends Detr4jException> error) {
    String where = OneLine.of(String.valueOf(path.getFileName()));
    byte[] text;
    try {
      String oddity = OutsideFile.oddity(path);
      if (oddity != null) {
        throw error.apply(OneLine.of(path.toString()) + " " + oddity + ", expected a JSON file");
      }
      checkSize(where, Files.size(path), error);
      text = OutsideFile.read(path, LONGEST + 1);
    } catch (NoSuchFileException e) {
      throw error.apply(OneLine.of(path.toString()) + ": there is no such file");
    } catch (IOException e) {
      throw error.apply(
          "%s cannot be read: %s".formatted(OneLine.of(path.toString()), OneLine.of(e)));
    }
    checkSize(where, text.length, error);
    if (OutsideFile.isLfsPointer(text)) {
      throw error.apply(where + " is " + OutsideFile.LFS_POINTER);
    }
    return text;
  }

  private static void checkSize(
      String where, long size, Function<String, ? extends Detr4jException> error) {
    if (size > LONGEST) {
      throw error.apply("%s has %d bytes, expected at most %d".formatted(where, size, LONGEST));
    }
  }

  /** Parses text that must hold one JSON object; {@code where} names the text in messages. */
  public static JsonObject parse(
      String where, byte[] text, Function<String, ? extends Detr4jException> error) {
    return JsonReader.parse(where, text, error);
  }

  /** The file, and for a nested object the field, that this object came from. */
  public String where() {
    return place.toString();
  }

  /** The names of the fields that are present and not null, in the order of the file. */
  public Set<String> names() {
    return Collections.unmodifiableSet(fields.keySet());
  }

  /** Whether the field is present and not null. */
  public boolean has(String name) {
    return fields.containsKey(name);
  }

  /** Whether the field is present and null. */
  public boolean isNull(String name) {
    return nulls.contains(name);
  }

  /** The names of the fields that are present and null, in the order of the file. */
  public Set<String> nullNames() {
    return Collections.unmodifiableSet(nulls);
  }

  /** The value of a field: a string, number, boolean, list or object; nothing when it is absent. */
  public Optional<Object> value(String name) {
    return Optional.ofNullable(fields.get(name));
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
    if (fields.get(name) instanceof BigInteger wide) {
      throw wrong(
          "%s is %s, expected %d to %d"
              .formatted(OneLine.of(name), OneLine.of(wide.toString()), least, most));
    }
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

  /** The number field, which must be present and finite; integers are numbers too. */
  public double number(String name) {
    return finite(name, required(name, Number.class, "a number"));
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

  /** The elements of the list field, which must be present and hold true and false only. */
  public List<Boolean> booleans(String name) {
    return elements(name, Boolean.class, "true and false");
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

  /** The elements of the list field, which must be present and hold finite numbers only. */
  public List<Double> numbers(String name) {
    return elements(name, Number.class, "numbers").stream()
        .map(number -> finite(name, number))
        .toList();
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
        widened.add(finite(name, number));
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
    return error.apply(place + ": " + OneLine.of(what, 1000));
  }

  private double finite(String name, Number number) {
    double value = number.doubleValue();
    if (!Double.isFinite(value)) {
      throw wrong(
          "%s holds %s, expected finite numbers"
              .formatted(OneLine.of(name), OneLine.of(number.toString())));
    }
    return value;
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
      throw wrong(
          OneLine.of(name)
              + (isNull(name) ? " is null" : " is missing")
              + ", expected "
              + expected);
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
      default -> OneLine.of(value.toString());
    };
  }
}
