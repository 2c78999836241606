package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Object detection of Azure Machine Learning, as the card of its MMDetection models shows it:
 * {@code {"input_data":{"columns":["image"],"index":[0],"data":["<Base64>"]}}}. Boxes are fractions
 * of the image.
 */
public final class AzureMl implements Dialect {
  @Override
  public String id() {
    return "azureml";
  }

  @Override
  public DetectJob read(JsonMap body) {
    JsonMap input = body.map("input_data");
    List<String> columns = input.texts("columns");
    if (!columns.isEmpty() && !columns.equals(List.of("image"))) {
      throw Refusal.malformed("input_data.columns is %s, expected [image]".formatted(columns));
    }
    List<ImageSource> images = new ArrayList<>();
    List<?> data = input.list("data");
    for (int i = 0; i < data.size(); i++) {
      String where = "input_data.data[" + i + "]";
      Object row = data.get(i);
      // A table of one column may have its rows as lists of one cell.
      if (row instanceof List<?> cells && cells.size() == 1) {
        row = cells.getFirst();
        where += "[0]";
      }
      images.add(ImageSource.of(JsonMap.asText(row, where)));
    }
    if (input.has("index") && input.list("index").size() != images.size()) {
      throw Refusal.malformed(
          "input_data.index has %d entries and input_data.data %d, expected the same number"
              .formatted(input.list("index").size(), images.size()));
    }
    return DetectJob.of(images, true);
  }

  @Override
  public void write(JsonGenerator json, DetectJob job, ServedModel model, List<ImageResult> results)
      throws IOException {
    json.writeStartArray();
    for (ImageResult result : results) {
      json.writeStartObject();
      json.writeArrayFieldStart("boxes");
      for (Detection each : result.detections()) {
        Box box = each.box();
        json.writeStartObject();
        json.writeObjectFieldStart("box");
        json.writeNumberField("topX", box.xMin() / result.width());
        json.writeNumberField("topY", box.yMin() / result.height());
        json.writeNumberField("bottomX", box.xMax() / result.width());
        json.writeNumberField("bottomY", box.yMax() / result.height());
        json.writeEndObject();
        json.writeStringField("label", each.label());
        json.writeNumberField("score", each.score());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
