package dev.detr4j.cli;

import java.io.IOException;
import java.io.Writer;
import java.util.List;
import picocli.CommandLine.Help.Ansi;

/** Writes the detections of one image after the other. Not thread-safe. */
interface DetectionWriter {
  /** The formats of results. */
  enum Format {
    /** For people: columns. */
    TEXT,
    /** An array of one object for each image. */
    JSON,
    /** One line for each image, an object in JSON. */
    JSONL,
    /** One line for each detection. */
    CSV,
    /** COCO's results: an array of one object for each detection. */
    COCO,
    /** What an endpoint of Azure Machine Learning answers. */
    AZUREML
  }

  /** Writes what was found on an image of that size in pixels. */
  void write(ImageInputs.Input image, int width, int height, List<Found> found) throws IOException;

  /** Ends the results and flushes them; what they are written to stays open. */
  void end() throws IOException;

  /**
   * A writer in that format.
   *
   * @param inputs all images of the run
   * @param colours whether text may have colours
   */
  static DetectionWriter of(Format format, Writer out, List<ImageInputs.Input> inputs, Ansi colours)
      throws IOException {
    return switch (format) {
      case TEXT -> new TextDetections(out, colours);
      case JSON -> new JsonDetections(out);
      case JSONL -> new JsonLinesDetections(out);
      case CSV -> new CsvDetections(out);
      case COCO -> new CocoDetections(out, inputs);
      case AZUREML -> new AzureMlDetections(out);
    };
  }
}
