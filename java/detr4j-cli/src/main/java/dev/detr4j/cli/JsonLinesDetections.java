package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;

/** The objects of {@link JsonDetections}, one for each image, each on a line of its own. */
final class JsonLinesDetections implements DetectionWriter {
  private final Writer out;

  JsonLinesDetections(Writer out) {
    this.out = out;
  }

  @Override
  public void write(ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(line)) {
      JsonDetections.writeImage(json, image, width, height, found);
    }
    out.write(line + "\n");
    out.flush();
  }

  @Override
  public void end() throws IOException {
    out.flush();
  }
}
