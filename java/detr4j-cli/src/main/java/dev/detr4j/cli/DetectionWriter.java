package dev.detr4j.cli;

import dev.detr4j.Detections;
import java.io.IOException;
import java.io.Writer;

/** Writes the detections of one image after the other. Not thread-safe. */
interface DetectionWriter {
  /** The formats of results. */
  enum Format {
    /** For people: columns. */
    TEXT,
    /** An array of one object for each image. */
    JSON,
    /** One line for each detection. */
    CSV
  }

  /** Writes what was found on an image of that size in pixels. */
  void write(String image, int width, int height, Detections found) throws IOException;

  /** Ends the results and flushes them; what they are written to stays open. */
  void end() throws IOException;

  /** A writer in that format. */
  static DetectionWriter of(Format format, Writer out) throws IOException {
    return switch (format) {
      case TEXT -> new TextDetections(out);
      case JSON -> new JsonDetections(out);
      case CSV -> new CsvDetections(out);
    };
  }
}
