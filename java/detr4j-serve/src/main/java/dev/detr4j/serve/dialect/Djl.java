package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;

/**
 * What djl-serving answers for a model of object detection: {@code
 * [{"boundingBox":{"rect":[xMin,yMin,xMax,yMax]},"className":…,"probability":…}]} in fractions of
 * the image, as DJL 0.35 writes its {@code DetectedObjects}. Its clients send raw bytes or a form;
 * JSON with a member {@code data} is accepted too.
 */
public final class Djl implements PerImage {
  @Override
  public String id() {
    return "djl";
  }

  @Override
  public DetectJob read(JsonMap body) {
    return Images.of(body, "data");
  }

  @Override
  public void write(JsonGenerator json, ServedModel model, ImageResult result) throws IOException {
    json.writeStartArray();
    for (Detection each : result.detections()) {
      Box box = each.box();
      json.writeStartObject();
      json.writeObjectFieldStart("boundingBox");
      json.writeArrayFieldStart("rect");
      json.writeNumber(box.xMin() / result.width());
      json.writeNumber(box.yMin() / result.height());
      json.writeNumber(box.xMax() / result.width());
      json.writeNumber(box.yMax() / result.height());
      json.writeEndArray();
      json.writeEndObject();
      json.writeStringField("className", each.label());
      json.writeNumberField("probability", each.score());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
