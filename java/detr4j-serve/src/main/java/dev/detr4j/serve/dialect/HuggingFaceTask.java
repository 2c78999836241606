package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;

/**
 * The object-detection task of Hugging Face's inference API: {@code
 * {"inputs":"<Base64>","parameters":{"threshold":0.5}}}. Boxes are whole pixels, cut off as the
 * Python pipeline does it.
 */
public final class HuggingFaceTask implements PerImage {
  @Override
  public String id() {
    return "huggingface";
  }

  @Override
  public DetectJob read(JsonMap body) {
    DetectJob job = Images.of(body, "inputs");
    JsonMap parameters = body.optionalMap("parameters");
    return parameters == null
        ? job
        : job.with(parameters.number("threshold"), parameters.texts("labels"));
  }

  @Override
  public void write(JsonGenerator json, ServedModel model, ImageResult result) throws IOException {
    json.writeStartArray();
    for (Detection each : result.detections()) {
      Box box = each.box();
      json.writeStartObject();
      json.writeNumberField("score", each.score());
      json.writeStringField("label", each.label());
      json.writeObjectFieldStart("box");
      json.writeNumberField("xmin", (int) box.xMin());
      json.writeNumberField("ymin", (int) box.yMin());
      json.writeNumberField("xmax", (int) box.xMax());
      json.writeNumberField("ymax", (int) box.yMax());
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
