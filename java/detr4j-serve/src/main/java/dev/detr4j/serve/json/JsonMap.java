package dev.detr4j.serve.json;

import dev.detr4j.serve.exchange.Refusal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object of a request, with getters that refuse what is not expected and say where it stood.
 * Members that are null count as absent.
 */
public final class JsonMap {
  private static final int LONGEST_TEXT = 2_000;

  private final String where;
  private final Map<String, Object> fields;

  JsonMap(String where, Map<String, Object> fields) {
    this.where = where;
    this.fields = fields;
  }

  /** Parses the first {@code length} bytes of a body, which must be a JSON object. */
  public static JsonMap parse(byte[] body, int length) {
    return JsonTree.parse(body, length);
  }

  /** Whether there is a member of this name. */
  public boolean has(String name) {
    return fields.containsKey(name);
  }

  /** A member that must be an object. */
  public JsonMap map(String name) {
    return (JsonMap) required(name, JsonMap.class, "an object");
  }

  /** A member that is an object, if it is there. */
  public @Nullable JsonMap optionalMap(String name) {
    return has(name) ? map(name) : null;
  }

  /** A member that must be a list; its elements are of any kind. */
  public List<?> list(String name) {
    return (List<?>) required(name, List.class, "a list");
  }

  /** A member of any kind, which must be there. */
  public Object value(String name) {
    return required(name, Object.class, "a value");
  }

  /** A number, if it is there. */
  public @Nullable Double number(String name) {
    return has(name) ? (Double) required(name, Double.class, "a number") : null;
  }

  /** Whether a member is there and true. */
  public boolean isTrue(String name) {
    return Boolean.TRUE.equals(fields.get(name));
  }

  /** A short text, if it is there. */
  public @Nullable String text(String name) {
    return has(name)
        ? ((JsonText) required(name, JsonText.class, "a string")).text(LONGEST_TEXT)
        : null;
  }

  /** A list of short texts; empty if it is not there. */
  public List<String> texts(String name) {
    return has(name) ? list(name).stream().map(each -> text(each, path(name))).toList() : List.of();
  }

  /** One element of a list, or a value, that must be a text. */
  public static JsonText asText(Object value, String where) {
    if (value instanceof JsonText text) {
      return text;
    }
    throw Refusal.malformed("%s is %s, expected a string".formatted(where, kind(value)));
  }

  /** One element of a list, or a value, that must be an object. */
  public static JsonMap asMap(Object value, String where) {
    if (value instanceof JsonMap map) {
      return map;
    }
    throw Refusal.malformed("%s is %s, expected an object".formatted(where, kind(value)));
  }

  /** The place of a member, as in {@code input_data.data}. */
  public String path(String name) {
    return where.isEmpty() ? name : where + "." + name;
  }

  private static String text(Object value, String where) {
    return asText(value, where).text(LONGEST_TEXT);
  }

  private Object required(String name, Class<?> kind, String expected) {
    Object value = fields.get(name);
    if (value == null) {
      throw Refusal.malformed("%s is missing, expected %s".formatted(path(name), expected));
    }
    if (!kind.isInstance(value)) {
      throw Refusal.malformed("%s is %s, expected %s".formatted(path(name), kind(value), expected));
    }
    return value;
  }

  private static String kind(Object value) {
    return switch (value) {
      case JsonMap _ -> "an object";
      case List<?> _ -> "a list";
      case JsonText _ -> "a string";
      case Boolean _ -> "true or false";
      default -> "a number";
    };
  }
}
