package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;

/** A dialect whose answer is one value for an image, and a list of them for a list of images. */
interface PerImage extends Dialect {
  /** Writes what was found in one image. */
  void write(JsonGenerator json, ServedModel model, ImageResult result) throws IOException;

  @Override
  default void write(
      JsonGenerator json, DetectJob job, ServedModel model, List<ImageResult> results)
      throws IOException {
    if (job.asList()) {
      json.writeStartArray();
    }
    for (ImageResult result : results) {
      write(json, model, result);
    }
    if (job.asList()) {
      json.writeEndArray();
    }
  }
}
