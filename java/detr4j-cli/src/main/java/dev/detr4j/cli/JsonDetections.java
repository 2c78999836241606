package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import java.io.IOException;
import java.io.Writer;
import java.util.List;

/**
 * {@code [{image, width, height, detections: [{label, label_id, score, box: {x_min, y_min, x_max,
 * y_max}}]}]}, one detection a line. Numbers are the shortest decimals that give back the same fp32
 * value; a coordinate that is no number is null.
 */
final class JsonDetections implements DetectionWriter {
  private final JsonGenerator json;

  JsonDetections(Writer out) throws IOException {
    json = new JsonFactory().createGenerator(out);
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.setPrettyPrinter(new OneDetectionALine());
    json.writeStartArray();
  }

  /** A new line before each image and each detection; the rest follows on. */
  private static final class OneDetectionALine extends DefaultPrettyPrinter {
    private static final long serialVersionUID = 1L;

    OneDetectionALine() {
      super(
          Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER));
      indentObjectsWith(new FixedSpaceIndenter());
    }

    @Override
    public DefaultPrettyPrinter createInstance() {
      return new OneDetectionALine();
    }

    @Override
    public void beforeArrayValues(JsonGenerator generator) throws IOException {
      line(generator);
    }

    @Override
    public void writeArrayValueSeparator(JsonGenerator generator) throws IOException {
      generator.writeRaw(',');
      line(generator);
    }

    @Override
    public void writeEndArray(JsonGenerator generator, int values) throws IOException {
      if (values > 0) {
        line(generator);
      }
      generator.writeRaw(']');
    }

    @Override
    public void writeStartArray(JsonGenerator generator) throws IOException {
      generator.writeRaw('[');
    }

    @Override
    public void writeStartObject(JsonGenerator generator) throws IOException {
      generator.writeRaw('{');
    }

    @Override
    public void beforeObjectEntries(JsonGenerator generator) {}

    @Override
    public void writeObjectEntrySeparator(JsonGenerator generator) throws IOException {
      generator.writeRaw(", ");
    }

    @Override
    public void writeEndObject(JsonGenerator generator, int entries) throws IOException {
      generator.writeRaw('}');
    }

    /** The outer list is not indented, the detections in it are. */
    private static void line(JsonGenerator generator) throws IOException {
      boolean inner =
          generator.getOutputContext().getParent() != null
              && !generator.getOutputContext().getParent().inRoot();
      generator.writeRaw(inner ? "\n  " : "\n");
    }
  }

  @Override
  public void write(ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    writeImage(json, image, width, height, found);
    json.flush();
  }

  /** Writes the object of one image. */
  static void writeImage(
      JsonGenerator json, ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("image", image.name());
    json.writeNumberField("width", width);
    json.writeNumberField("height", height);
    json.writeArrayFieldStart("detections");
    for (Found each : found) {
      json.writeStartObject();
      json.writeStringField("label", each.label());
      json.writeNumberField("label_id", each.labelId());
      number(json, "score", each.score());
      json.writeObjectFieldStart("box");
      number(json, "x_min", each.xMin());
      number(json, "y_min", each.yMin());
      number(json, "x_max", each.xMax());
      number(json, "y_max", each.yMax());
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, String field, float value) throws IOException {
    if (Float.isFinite(value)) {
      json.writeNumberField(field, value);
    } else {
      json.writeNullField(field);
    }
  }

  @Override
  public void end() throws IOException {
    json.writeEndArray();
    json.writeRaw('\n');
    json.flush();
  }
}
