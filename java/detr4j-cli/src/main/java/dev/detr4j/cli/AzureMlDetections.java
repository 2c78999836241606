package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;

/**
 * What an object detection endpoint of Azure Machine Learning answers, one image a line: {@code
 * [{filename, boxes: [{box: {topX, topY, bottomX, bottomY}, label, score}]}]} with coordinates as
 * fractions of the image. {@code filename} is what batch runs there add, because an image that
 * cannot be read has no entry. A box with a coordinate that is no number is left out: the format
 * has no word for it.
 */
final class AzureMlDetections implements DetectionWriter {
  private final Writer out;
  private String separator = "\n";

  AzureMlDetections(Writer out) throws IOException {
    this.out = out;
    out.write('[');
  }

  @Override
  public void write(ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(line)) {
      json.writeStartObject();
      json.writeStringField("filename", image.name());
      json.writeArrayFieldStart("boxes");
      for (Found each : found) {
        if (Float.isFinite(each.xMin() + each.yMin() + each.xMax() + each.yMax())) {
          write(json, each, width, height);
        }
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    out.write(separator + line);
    separator = ",\n";
    out.flush();
  }

  private static void write(JsonGenerator json, Found each, int width, int height)
      throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart("box");
    json.writeNumberField("topX", each.xMin() / width);
    json.writeNumberField("topY", each.yMin() / height);
    json.writeNumberField("bottomX", each.xMax() / width);
    json.writeNumberField("bottomY", each.yMax() / height);
    json.writeEndObject();
    json.writeStringField("label", each.label());
    json.writeNumberField("score", each.score());
    json.writeEndObject();
  }

  @Override
  public void end() throws IOException {
    out.write("\n]\n");
    out.flush();
  }
}
