package dev.detr4j.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Detector;
import dev.detr4j.serve.Lanes.Lane;
import dev.detr4j.serve.dialect.AzureMl;
import dev.detr4j.serve.dialect.Dialect;
import dev.detr4j.serve.dialect.Djl;
import dev.detr4j.serve.dialect.HuggingFaceTask;
import dev.detr4j.serve.dialect.Native;
import dev.detr4j.serve.dialect.OpenInference;
import dev.detr4j.serve.dialect.Roboflow;
import dev.detr4j.serve.dialect.ServedModel;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.page.PageFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Every path that the endpoint answers. {@code openapi.json} describes the same; a test compares.
 */
final class RouteTable {
  private final Lanes lanes;
  private final DetectHandler detect;
  private final BooleanSupplier ready;
  private final EndpointMeters meters;
  private final List<Route> routes = new ArrayList<>();

  RouteTable(Lanes lanes, DetectHandler detect, BooleanSupplier ready, EndpointMeters meters) {
    this.lanes = lanes;
    this.detect = detect;
    this.ready = ready;
    this.meters = meters;
  }

  List<Route> routes() {
    page();
    detection("/detect", new Native());
    detection("/detect/{model+}", new Native());
    detection("/score", new AzureMl());
    detection("/", new HuggingFaceTask());
    detection("/models/{model+}", new HuggingFaceTask());
    detection("/v2/models/{model}/infer", new OpenInference());
    detection("/v2/models/{model}/versions/{version}/infer", new OpenInference());
    detection("/predictions/{model}", new Djl());
    detection("/predictions/{model}/{version}", new Djl());
    detection("/infer/object_detection", new Roboflow());
    probes();
    openInference();
    routes.add(Route.get("/models", "models", false, (request, variables) -> models()));
    routes.add(Route.get("/metrics", "metrics", false, (request, variables) -> metrics()));
    return routes;
  }

  private void page() {
    for (PageFile file : PageFile.ALL) {
      routes.add(Route.get(file.path(), "page", true, (request, variables) -> file.answer()));
    }
  }

  private void detection(String path, Dialect dialect) {
    routes.add(
        Route.post(
            path,
            dialect.id(),
            (request, variables) -> {
              checkVersion(variables);
              return detect.answer(dialect, request, variables);
            }));
  }

  private void probes() {
    for (String path : List.of("/healthz", "/v2/health/live")) {
      routes.add(Route.get(path, "live", true, (request, variables) -> text(true)));
    }
    for (String path : List.of("/readiness", "/v2/health/ready")) {
      routes.add(
          Route.get(path, "ready", true, (request, variables) -> text(ready.getAsBoolean())));
    }
    routes.add(
        Route.get(
            "/ping",
            "ready",
            true,
            (request, variables) -> {
              boolean good = ready.getAsBoolean();
              return ServeAnswer.json(
                  good ? 200 : 503,
                  Json.bytes(json -> {
                    json.writeStartObject();
                    json.writeStringField("status", good ? "Healthy" : "Not ready");
                    json.writeEndObject();
                  }));
            }));
  }

  private static ServeAnswer text(boolean good) {
    return ServeAnswer.text(good ? 200 : 503, good ? "ok\n" : "not ready\n");
  }

  private void openInference() {
    routes.add(
        Route.get(
            "/v2",
            "metadata",
            false,
            (request, variables) -> ServeAnswer.json(200, Json.bytes(RouteTable::server))));
    for (String path : List.of("/v2/models/{model}", "/v2/models/{model}/versions/{version}")) {
      routes.add(Route.get(path, "metadata", false, (request, variables) -> metadata(variables)));
      routes.add(
          Route.get(
              path + "/ready",
              "ready",
              true,
              (request, variables) -> {
                lane(variables);
                return text(ready.getAsBoolean());
              }));
    }
  }

  private ServeAnswer metadata(Map<String, String> variables) {
    Lane lane = lane(variables);
    return ServeAnswer.json(
        200, Json.bytes(json -> OpenInference.writeMetadata(json, lane.model())));
  }

  private Lane lane(Map<String, String> variables) {
    checkVersion(variables);
    return lanes.of(variables.get("model"));
  }

  private static void checkVersion(Map<String, String> variables) {
    String version = variables.get("version");
    if (version != null && !version.equals(ServedModel.VERSION)) {
      throw Refusal.notFound(
          "there is no version of that name, each model has version " + ServedModel.VERSION);
    }
  }

  private static void server(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", "detr4j");
    String version = RouteTable.class.getPackage().getImplementationVersion();
    json.writeStringField("version", version == null ? "unknown" : version);
    json.writeArrayFieldStart("extensions");
    json.writeEndArray();
    json.writeEndObject();
  }

  private ServeAnswer models() {
    return ServeAnswer.json(
        200,
        Json.bytes(json -> {
          json.writeStartObject();
          json.writeArrayFieldStart("models");
          for (Lane each : lanes.all()) {
            model(json, each.model());
          }
          json.writeEndArray();
          json.writeEndObject();
        }));
  }

  private static void model(JsonGenerator json, ServedModel model) throws IOException {
    Detector detector = model.detector();
    json.writeStartObject();
    json.writeStringField("name", model.name());
    json.writeStringField("architecture", detector.model().architecture());
    json.writeStringField("backend", detector.backend().kind().id());
    json.writeNumberField("threshold", detector.threshold());
    json.writeStringField("orientation", detector.orientation().name().toLowerCase(Locale.ROOT));
    json.writeArrayFieldStart("labels");
    for (String each : detector.labels()) {
      json.writeString(each);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private ServeAnswer metrics() {
    String text = meters.scrape();
    if (text == null) {
      throw Refusal.notFound("the application exposes its metrics elsewhere");
    }
    return new ServeAnswer(
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        Map.of(),
        text.getBytes(StandardCharsets.UTF_8));
  }
}
