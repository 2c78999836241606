package dev.detr4j.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An answer as maps and lists, with a path to walk it: {@code at("[0].boxes[0].label")}. */
record JsonValue(Object value) {
  static JsonValue of(String text) throws IOException {
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      parser.nextToken();
      JsonValue value = new JsonValue(read(parser));
      if (parser.nextToken() != null) {
        throw new IOException("more than one value: " + text);
      }
      return value;
    }
  }

  private static Object read(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          map.put(name, read(parser));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(read(parser));
        }
        yield list;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getLongValue();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> "null";
    };
  }

  JsonValue at(String path) {
    Object here = value;
    for (String step : path.replace("[", ".[").split("\\.", -1)) {
      if (step.isEmpty()) {
        continue;
      }
      here =
          step.startsWith("[")
              ? ((List<?>) here).get(Integer.parseInt(step.substring(1, step.length() - 1)))
              : ((Map<?, ?>) here).get(step);
    }
    return new JsonValue(here);
  }

  List<?> list() {
    return (List<?>) value;
  }

  List<String> names() {
    return ((Map<?, ?>) value).keySet().stream().map(Object::toString).toList();
  }

  double number() {
    return ((Number) value).doubleValue();
  }

  String text() {
    return (String) value;
  }
}
