package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Object detection of Roboflow's inference server: {@code
 * {"image":{"type":"base64","value":"…"},"confidence":0.4}}. Boxes are centre and size in pixels.
 * Images of type {@code numpy} are refused: they are Python pickles.
 */
public final class Roboflow implements PerImage {
  @Override
  public String id() {
    return "roboflow";
  }

  @Override
  public DetectJob read(JsonMap body) {
    Object value = body.value("image");
    boolean several = value instanceof List<?>;
    List<?> list = value instanceof List<?> given ? given : List.of(value);
    List<ImageSource> images = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      images.add(image(JsonMap.asMap(list.get(i), several ? "image[" + i + "]" : "image")));
    }
    @Nullable String model = body.text("model_id");
    return DetectJob.of(images, several)
        .forModel(model)
        .with(body.number("confidence"), body.texts("class_filter"));
  }

  private static ImageSource image(JsonMap image) {
    String type = image.text("type");
    Object value = image.value("value");
    return switch (type) {
      case "base64" -> ImageSource.ofBase64(JsonMap.asText(value, image.path("value")));
      case "url" -> ImageSource.of(JsonMap.asText(value, image.path("value")));
      case null -> throw Refusal.malformed(image.path("type") + " is missing, expected base64");
      default ->
          throw Refusal.malformed(
              "%s is \"%s\", expected base64 or url".formatted(image.path("type"), type));
    };
  }

  @Override
  public void write(JsonGenerator json, ServedModel model, ImageResult result) throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart("image");
    json.writeNumberField("width", result.width());
    json.writeNumberField("height", result.height());
    json.writeEndObject();
    json.writeArrayFieldStart("predictions");
    for (Detection each : result.detections()) {
      Box box = each.box();
      json.writeStartObject();
      json.writeNumberField("x", (box.xMin() + box.xMax()) / 2);
      json.writeNumberField("y", (box.yMin() + box.yMax()) / 2);
      json.writeNumberField("width", box.width());
      json.writeNumberField("height", box.height());
      json.writeNumberField("confidence", each.score());
      json.writeStringField("class", each.label());
      json.writeNumberField("class_id", each.labelId());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
