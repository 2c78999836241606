package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Box;
import dev.detr4j.Detection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each dialect's documented request is answered in its documented shape, with what we find. */
class DialectsTest {
  /** The photo's size, as its header says. */
  private static final int WIDTH = 800;

  private static final int HEIGHT = 600;

  private static ServedCodes served;
  private static List<Detection> expected;

  @BeforeAll
  static void serve() throws IOException {
    served = new ServedCodes(settings -> settings);
    served.server.endpoint().warmUp(64, 64);
    expected = served.detector.detect(ServedCodes.PHOTO);
    assertEquals(4, expected.size());
  }

  @AfterAll
  static void stop() {
    served.close();
  }

  private static JsonValue ok(HttpResponse<String> answer) throws IOException {
    assertEquals(200, answer.statusCode(), answer.body());
    assertEquals("application/json", answer.headers().firstValue("Content-Type").orElseThrow());
    return JsonValue.of(answer.body());
  }

  @Test
  void azureMl() throws Exception {
    String image = ServedCodes.photoBase64();
    JsonValue answer =
        ok(
            served.postJson(
                "/score",
                """
                {"input_data": {"columns": ["image"], "index": [0, 1], "data": ["%s", "%s"]}}
                """
                    .formatted(image, image)));
    assertEquals(2, answer.list().size());
    assertEquals(List.of("boxes"), answer.at("[1]").names());
    assertEquals(4, answer.at("[1].boxes").list().size());
    for (int i = 0; i < 4; i++) {
      JsonValue found = answer.at("[1].boxes[" + i + "]");
      Detection same = expected.get(i);
      assertEquals(List.of("box", "label", "score"), found.names());
      assertEquals(List.of("topX", "topY", "bottomX", "bottomY"), found.at("box").names());
      assertEquals(same.label(), found.at("label").text());
      assertEquals(same.score(), found.at("score").number(), 1e-6);
      assertEquals(same.box().xMin() / WIDTH, found.at("box.topX").number(), 1e-6);
      assertEquals(same.box().yMax() / HEIGHT, found.at("box.bottomY").number(), 1e-6);
    }
  }

  @Test
  void azureMlWithRowsAsLists() throws Exception {
    JsonValue answer =
        ok(
            served.postJson(
                "/score",
                "{\"input_data\":{\"data\":[[\"%s\"]]}}".formatted(ServedCodes.photoBase64())));
    assertEquals(4, answer.at("[0].boxes").list().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/models/codes"})
  void huggingFaceWithRawBytes(String path) throws Exception {
    JsonValue answer = ok(served.post(path, "image/jpeg", ServedCodes.photo()));
    assertHuggingFace(answer);
  }

  @Test
  void huggingFaceWithParameters() throws Exception {
    assertHuggingFace(
        ok(
            served.postJson(
                "/",
                "{\"inputs\":\"%s\",\"parameters\":{\"threshold\":0.5}}"
                    .formatted(ServedCodes.photoBase64()))));
    JsonValue strict =
        ok(
            served.postJson(
                "/",
                "{\"inputs\":[\"%s\"],\"parameters\":{\"threshold\":0.9999}}"
                    .formatted(ServedCodes.photoBase64())));
    assertEquals(List.of(List.of()), strict.value());
  }

  private static void assertHuggingFace(JsonValue answer) {
    assertEquals(4, answer.list().size());
    JsonValue found = answer.at("[0]");
    Box box = expected.getFirst().box();
    assertEquals(List.of("score", "label", "box"), found.names());
    assertEquals(
        Map.of(
            "xmin",
            (long) box.xMin(),
            "ymin",
            (long) box.yMin(),
            "xmax",
            (long) box.xMax(),
            "ymax",
            (long) box.yMax()),
        found.at("box").value());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v2/models/codes/infer", "/v2/models/codes/versions/1/infer"})
  void openInference(String path) throws Exception {
    String image = ServedCodes.photoBase64();
    JsonValue answer =
        ok(
            served.postJson(
                path,
                """
                {"id": "42", "parameters": {"threshold": 0.5},
                 "inputs": [{"name": "image", "shape": [2], "datatype": "BYTES", "data": ["%s", "%s"]}]}
                """
                    .formatted(image, image)));
    assertEquals("codes", answer.at("model_name").text());
    assertEquals("1", answer.at("model_version").text());
    assertEquals("42", answer.at("id").text());
    JsonValue metadata = JsonValue.of(served.get("/v2/models/codes").body());
    assertEquals(
        names(metadata.at("outputs")), names(answer.at("outputs")), "as the metadata lists them");
    JsonValue boxes = answer.at("outputs[0]");
    assertEquals(List.of(8L, 4L), boxes.at("shape").value());
    assertEquals(32, boxes.at("data").list().size());
    assertEquals(expected.get(1).box().xMin(), boxes.at("data[4]").number(), 1e-3);
    assertEquals(List.of(0L, 0L, 0L, 0L, 1L, 1L, 1L, 1L), answer.at("outputs[4].data").value());
    assertEquals(
        List.of((long) WIDTH, (long) HEIGHT, (long) WIDTH, (long) HEIGHT),
        answer.at("outputs[5].data").value());
  }

  private static List<?> names(JsonValue tensors) {
    return tensors.list().stream().map(each -> ((Map<?, ?>) each).get("name")).toList();
  }

  @Test
  void openInferenceGivesTheOutputsThatAreAskedFor() throws Exception {
    JsonValue answer =
        ok(
            served.postJson(
                "/v2/models/codes/infer",
                """
                {"inputs": [{"name": "image", "shape": [1, 1], "datatype": "BYTES", "data": ["%s"]}],
                 "outputs": [{"name": "labels"}]}
                """
                    .formatted(ServedCodes.photoBase64())));
    assertEquals(List.of("labels"), names(answer.at("outputs")));
    assertEquals(
        expected.stream().map(Detection::label).toList(), answer.at("outputs[0].data").value());
  }

  @Test
  void openInferenceMetadataAndHealth() throws Exception {
    assertEquals("detr4j", JsonValue.of(served.get("/v2").body()).at("name").text());
    JsonValue metadata = JsonValue.of(served.get("/v2/models/codes").body());
    assertEquals(List.of("name", "versions", "platform", "inputs", "outputs"), metadata.names());
    assertEquals(
        Map.of("name", "image", "datatype", "BYTES", "shape", List.of(-1L)),
        metadata.at("inputs[0]").value());
    for (String path :
        List.of("/v2/health/live", "/v2/health/ready", "/v2/models/codes/ready", "/healthz")) {
      assertEquals(200, served.get(path).statusCode(), path);
    }
    assertEquals(404, served.get("/v2/models/cats").statusCode());
    assertEquals(404, served.get("/v2/models/codes/versions/2").statusCode());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/predictions/codes", "/predictions/codes/1"})
  void djlWithRawBytes(String path) throws Exception {
    assertDjl(ok(served.post(path, "application/octet-stream", ServedCodes.photo())));
  }

  @Test
  void djlWithForm() throws Exception {
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    form.write(
        "--x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.jpg\"\r\n\r\n"
            .getBytes(StandardCharsets.ISO_8859_1));
    form.write(ServedCodes.photo());
    form.write("\r\n--x--\r\n".getBytes(StandardCharsets.ISO_8859_1));
    assertDjl(
        ok(
            served.post(
                "/predictions/codes", "multipart/form-data; boundary=x", form.toByteArray())));
    assertEquals("Healthy", JsonValue.of(served.get("/ping").body()).at("status").text());
  }

  private static void assertDjl(JsonValue answer) {
    assertEquals(4, answer.list().size());
    JsonValue found = answer.at("[2]");
    Detection same = expected.get(2);
    assertEquals(List.of("boundingBox", "className", "probability"), found.names());
    assertEquals(same.label(), found.at("className").text());
    assertEquals(same.box().xMin() / WIDTH, found.at("boundingBox.rect[0]").number(), 1e-6);
    assertEquals(same.box().yMax() / HEIGHT, found.at("boundingBox.rect[3]").number(), 1e-6);
  }

  @Test
  void roboflow() throws Exception {
    String image = "{\"type\":\"base64\",\"value\":\"%s\"}".formatted(ServedCodes.photoBase64());
    JsonValue one =
        ok(
            served.postJson(
                "/infer/object_detection",
                "{\"model_id\":\"codes\",\"image\":%s,\"confidence\":0.5}".formatted(image)));
    assertRoboflow(one);
    JsonValue two =
        ok(
            served.postJson(
                "/infer/object_detection", "{\"image\":[%s,%s]}".formatted(image, image)));
    assertEquals(2, two.list().size());
    assertRoboflow(two.at("[1]"));
  }

  private static void assertRoboflow(JsonValue answer) {
    JsonValue found = answer.at("predictions[0]");
    Detection same = expected.getFirst();
    assertEquals(
        List.of("x", "y", "width", "height", "confidence", "class", "class_id"), found.names());
    assertEquals((same.box().xMin() + same.box().xMax()) / 2, found.at("x").number(), 1e-3);
    assertEquals(same.box().height(), found.at("height").number(), 1e-3);
    assertEquals((double) same.labelId(), found.at("class_id").number());
    assertEquals(WIDTH, answer.at("image.width").number());
  }

  @Test
  void ourOwn() throws Exception {
    JsonValue answer = ok(served.post("/detect?threshold=0.5", "image/jpeg", ServedCodes.photo()));
    assertEquals(List.of("model", "width", "height", "detections"), answer.names());
    assertEquals(JsonValue.of(Detection.toJson(expected)).value(), answer.at("detections").value());
    String label = expected.getFirst().label();
    JsonValue filtered =
        ok(served.post("/detect/codes?labels=" + label, "image/jpeg", ServedCodes.photo()));
    assertEquals(
        expected.stream().filter(each -> each.label().equals(label)).count(),
        filtered.at("detections").list().size());
    JsonValue batch =
        ok(
            served.postJson(
                "/detect",
                "{\"images\":[\"%s\"],\"labels\":[\"%s\"],\"threshold\":0.1}"
                    .formatted(ServedCodes.photoBase64(), label)));
    assertTrue(batch.at("[0].detections").list().size() >= 1);
  }

  @Test
  void modelsAndMetrics() throws Exception {
    JsonValue models = JsonValue.of(served.get("/models").body());
    assertEquals(served.detector.labels(), models.at("models[0].labels").value());
    String metrics = served.get("/metrics").body();
    assertTrue(metrics.contains("detr4j_calls_seconds_count{backend="), metrics);
    assertTrue(metrics.contains("detr4j_requests_seconds_count{route=\"models\",status=\"200\"}"));
  }
}
