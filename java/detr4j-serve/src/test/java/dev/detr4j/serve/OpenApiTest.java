package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** {@code openapi.json} against the routes, and against a server that runs. */
class OpenApiTest {
  private static Map<?, ?> description;
  private static ServedCodes served;

  @BeforeAll
  static void start() throws Exception {
    try (InputStream file = OpenApiTest.class.getResourceAsStream("page/openapi.json")) {
      String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
      description = (Map<?, ?>) JsonValue.of(text).value();
    }
    served = new ServedCodes(builder -> builder.sessions(1));
  }

  @AfterAll
  static void stop() {
    served.close();
  }

  /** One operation of the description. */
  private record Operation(String method, String path, Map<?, ?> text) {
    @Override
    public String toString() {
      return method + " " + path;
    }

    @Nullable Object at(Object... names) {
      return get(text, names);
    }
  }

  private static List<Operation> operations() {
    List<Operation> all = new ArrayList<>();
    map(description, "paths")
        .forEach((path, item) ->
            ((Map<?, ?>) item)
                .forEach((method, text) ->
                    all.add(
                        new Operation(
                            method.toString().toUpperCase(Locale.ROOT),
                            path.toString(),
                            (Map<?, ?>) text))));
    return all;
  }

  @Test
  void describesTheRoutesAndNoOthers() {
    Map<String, Boolean> routes = new TreeMap<>();
    for (Route each : new RouteTable(null, null, null, null).routes()) {
      routes.put(each.method() + " " + each.path().toString().replace("+}", "}"), each.open());
    }
    Map<String, Boolean> described = new TreeMap<>();
    for (Operation each : operations()) {
      // An empty list of requirements is an operation without the token.
      described.put(each.toString(), List.of().equals(each.at("security")));
    }
    assertEquals(routes, described);
  }

  @Test
  void isWhole() {
    assertEquals("3.1.0", description.get("openapi"));
    Set<Object> ids = new HashSet<>();
    for (Operation each : operations()) {
      assertTrue(ids.add(each.at("operationId")), each + " has the id of another one");
      assertTrue(each.at("summary") instanceof String, each + " has no summary");
      assertTrue(each.at("responses", "200") instanceof Map<?, ?>, each + " has no answer");
      List<String> variables = new ArrayList<>();
      if (each.at("parameters") instanceof List<?> parameters) {
        for (Object parameter : parameters) {
          Map<?, ?> resolved = resolve((Map<?, ?>) parameter);
          if ("path".equals(resolved.get("in"))) {
            variables.add("{" + resolved.get("name") + "}");
          }
        }
      }
      List<String> inPath =
          Stream.of(each.path.split("/", -1)).filter(part -> part.startsWith("{")).toList();
      assertEquals(inPath, variables, each.toString());
    }
    resolveAll(description);
  }

  private static void resolveAll(@Nullable Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        resolve(map);
        map.values().forEach(OpenApiTest::resolveAll);
      }
      case List<?> list -> list.forEach(OpenApiTest::resolveAll);
      case null, default -> {}
    }
  }

  /** What is described is what is answered; the examples are accepted as they stand. */
  @TestFactory
  Stream<DynamicTest> answersAsDescribed() {
    return operations().stream()
        .map(each -> DynamicTest.dynamicTest(each.toString(), () -> check(each)));
  }

  private static void check(Operation operation) throws Exception {
    String path = operation.path.replace("{model}", "codes").replace("{version}", "1");
    HttpResponse<String> answer;
    if (operation.method.equals("POST")) {
      Object media = operation.at("requestBody", "content", "application/json");
      Object example = get(media, "example");
      assertFits(example, map(media, "schema"), "example");
      answer = served.postJson(path, json(example));
      assertEquals(200, answer.statusCode(), answer::body);
    } else {
      answer = served.get(path);
    }
    Object described = operation.at("responses", Integer.toString(answer.statusCode()));
    assertTrue(described instanceof Map<?, ?>, () -> answer.statusCode() + ": " + answer.body());
    String type = answer.headers().firstValue("Content-Type").orElseThrow().split(";", -1)[0];
    Map<?, ?> content = map(resolve((Map<?, ?>) described), "content");
    assertEquals(Set.of(type), content.keySet());
    if (type.equals("application/json")) {
      assertFits(JsonValue.of(answer.body()).value(), map(content.get(type), "schema"), "answer");
    }
  }

  @Test
  void errorsAreAsDescribed() throws Exception {
    HttpResponse<String> answer = served.post("/detect", "image/jpeg", new byte[100]);
    assertEquals(422, answer.statusCode());
    Object described = get(description, "paths", "/detect", "post", "responses", "422");
    Map<?, ?> response = resolve((Map<?, ?>) described);
    assertFits(
        JsonValue.of(answer.body()).value(),
        (Map<?, ?>) get(response, "content", "application/json", "schema"),
        "error");
  }

  private static @Nullable Object get(@Nullable Object from, Object... names) {
    Object value = from;
    for (Object each : names) {
      value = value instanceof Map<?, ?> map ? map.get(each) : null;
    }
    return value;
  }

  private static Map<?, ?> map(@Nullable Object from, Object... names) {
    return (Map<?, ?>) get(from, names);
  }

  private static Map<?, ?> resolve(Map<?, ?> text) {
    if (!(text.get("$ref") instanceof String reference)) {
      return text;
    }
    Object[] names = reference.substring("#/".length()).split("/", -1);
    assertTrue(get(description, names) instanceof Map<?, ?>, reference + " leads nowhere");
    return map(description, names);
  }

  private static void assertFits(@Nullable Object value, Map<?, ?> schema, String where) {
    String misfit = misfit(value, schema, where);
    assertEquals("", misfit);
  }

  /** What is wrong with a value, by the part of JSON Schema that the description uses; or "". */
  private static String misfit(@Nullable Object value, Map<?, ?> unresolved, String where) {
    Map<?, ?> schema = resolve(unresolved);
    if (schema.get("type") != null && !isOf(schema.get("type"), value)) {
      return where + " is no " + schema.get("type");
    }
    if (schema.get("enum") instanceof List<?> values && !values.contains(value)) {
      return where + " is none of " + values;
    }
    for (String choice : List.of("oneOf", "anyOf")) {
      if (schema.get(choice) instanceof List<?> choices) {
        long fitting =
            choices.stream()
                .filter(each -> misfit(value, (Map<?, ?>) each, where).isEmpty())
                .count();
        if (fitting == 0 || (choice.equals("oneOf") && fitting > 1)) {
          return "%s fits %d of %s".formatted(where, fitting, choices);
        }
      }
    }
    if (schema.get("required") instanceof List<?> names && value instanceof Map<?, ?> map) {
      for (Object name : names) {
        if (!map.containsKey(name)) {
          return where + " has no " + name;
        }
      }
    }
    if (schema.get("properties") instanceof Map<?, ?> properties
        && value instanceof Map<?, ?> map) {
      for (Map.Entry<?, ?> member : map.entrySet()) {
        String inside = where + "." + member.getKey();
        if (!(properties.get(member.getKey()) instanceof Map<?, ?> property)) {
          return inside + " is not described";
        }
        String misfit = misfit(member.getValue(), property, inside);
        if (!misfit.isEmpty()) {
          return misfit;
        }
      }
    }
    if (schema.get("items") instanceof Map<?, ?> items && value instanceof List<?> list) {
      for (Object each : list) {
        String misfit = misfit(each, items, where + "[]");
        if (!misfit.isEmpty()) {
          return misfit;
        }
      }
    }
    return "";
  }

  private static boolean isOf(@Nullable Object type, @Nullable Object value) {
    if (type instanceof List<?> several) {
      return several.stream().anyMatch(each -> isOf(each, value));
    }
    return switch (String.valueOf(type)) {
      case "object" -> value instanceof Map<?, ?>;
      case "array" -> value instanceof List<?>;
      case "string" -> value instanceof String;
      case "integer" -> value instanceof Long;
      case "number" -> value instanceof Number;
      default -> throw new AssertionError("a type of schema that this test does not know: " + type);
    };
  }

  private static String json(@Nullable Object value) throws IOException {
    return new String(Json.bytes(generator -> write(generator, value)), StandardCharsets.UTF_8);
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (Map.Entry<?, ?> each : map.entrySet()) {
          json.writeFieldName(each.getKey().toString());
          write(json, each.getValue());
        }
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        for (Object each : list) {
          write(json, each);
        }
        json.writeEndArray();
      }
      case String text -> json.writeString(text);
      case Long number -> json.writeNumber(number);
      case Double number -> json.writeNumber(number);
      case null, default -> throw new IOException("unexpected in an example: " + value);
    }
  }
}
