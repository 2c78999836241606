package dev.detr4j.model.family;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The class names of a {@code config.json}, as transformers reads them: their number is the size of
 * {@code id2label}, else {@code num_labels}, else 2.
 *
 * <p>Keys are what Python's {@code int} takes for a number, so {@code "00"} is 0. Names need not be
 * strings: a number is called by its digits. An index without a name is called {@code LABEL_i}.
 */
final class ConfigLabels {
  private static final int MOST_LABELS = 100_000;
  private static final Pattern PYTHON_INTEGER = Pattern.compile("[+-]?\\d+(_\\d+)*");

  private ConfigLabels() {}

  static List<String> read(JsonObject json) {
    if (!json.has("id2label")) {
      return list(Map.of(), json.integer("num_labels", 2, 1, MOST_LABELS));
    }
    JsonObject given = json.object("id2label");
    Map<String, String> names = new HashMap<>();
    for (String key : given.names()) {
      names.put(number(given, key), name(given, key));
    }
    for (String key : given.nullNames()) {
      String number = number(given, key);
      names.putIfAbsent(number, "LABEL_" + number);
    }
    if (names.isEmpty()) {
      throw json.wrong("id2label is empty, expected at least one label");
    }
    if (names.size() > MOST_LABELS) {
      throw json.wrong(
          "id2label has %d labels, expected at most %d".formatted(names.size(), MOST_LABELS));
    }
    return list(names, names.size());
  }

  private static List<String> list(Map<String, String> names, int count) {
    List<String> labels = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      labels.add(names.getOrDefault(Integer.toString(i), "LABEL_" + i));
    }
    return labels;
  }

  /** The integer that a key is, in its shortest spelling. */
  private static String number(JsonObject names, String key) {
    String stripped = key.strip();
    if (!PYTHON_INTEGER.matcher(stripped).matches()) {
      throw names.wrong(
          "the key \"%s\" is not a label id, expected an integer".formatted(OneLine.of(key)));
    }
    boolean negative = stripped.startsWith("-");
    String digits = stripped.replaceAll("[+_-]", "").replaceFirst("^0+(?=\\d)", "");
    return negative && !digits.equals("0") ? "-" + digits : digits;
  }

  private static String name(JsonObject names, String key) {
    return switch (names.value(key).orElseThrow()) {
      case String text -> text;
      case Number number -> number.toString();
      // As Python prints them.
      case Boolean flag -> flag ? "True" : "False";
      default -> names.string(key);
    };
  }
}
