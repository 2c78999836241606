package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Detection;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;

/**
 * detr4j's own: {@code {"image":"<Base64>"}} or {@code {"images":[…]}}, with {@code threshold} and
 * {@code labels} if wanted. The answer has the size of the image and the detections as {@code
 * Detection.toJson} writes them.
 */
public final class Native implements PerImage {
  @Override
  public String id() {
    return "detr4j";
  }

  @Override
  public DetectJob read(JsonMap body) {
    DetectJob job = Images.of(body, body.has("images") ? "images" : "image");
    return job.forModel(body.text("model")).with(body.number("threshold"), body.texts("labels"));
  }

  @Override
  public void write(JsonGenerator json, ServedModel model, ImageResult result) throws IOException {
    json.writeStartObject();
    json.writeStringField("model", model.name());
    json.writeNumberField("width", result.width());
    json.writeNumberField("height", result.height());
    json.writeFieldName("detections");
    json.writeRawValue(Detection.toJson(result.detections()));
    json.writeEndObject();
  }
}
