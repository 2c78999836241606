package dev.detr4j;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/** Detections in JSON. Stateless. */
final class DetectionJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private interface Content {
    void writeTo(JsonGenerator json) throws IOException;
  }

  private DetectionJson() {}

  static String of(Detection detection) {
    return text(json -> write(detection, json));
  }

  static String of(List<Detection> detections) {
    return text(json -> {
      json.writeStartArray();
      for (Detection each : detections) {
        write(each, json);
      }
      json.writeEndArray();
    });
  }

  private static String text(Content content) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      content.writeTo(json);
    } catch (IOException e) {
      throw new UncheckedIOException("a string cannot be written to", e);
    }
    return text.toString();
  }

  private static void write(Detection detection, JsonGenerator json) throws IOException {
    Box box = detection.box();
    json.writeStartObject();
    json.writeStringField("label", detection.label());
    json.writeNumberField("label_id", detection.labelId());
    json.writeNumberField("score", detection.score());
    json.writeObjectFieldStart("box");
    json.writeNumberField("x_min", box.xMin());
    json.writeNumberField("y_min", box.yMin());
    json.writeNumberField("x_max", box.xMax());
    json.writeNumberField("y_max", box.yMax());
    json.writeEndObject();
    json.writeEndObject();
  }
}
