package dev.detr4j.cli;

import dev.detr4j.Detections;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi;

/** Everything that is made of the detections of one image after the other. Not thread-safe. */
final class DetectOutputs {
  private final OutputOptions options;
  private final List<ImageInputs.Input> inputs;
  private final @Nullable DrawnFiles drawn;
  private final @Nullable Crops crops;

  /** Made with the first result, so that where nothing is found to write, nothing is written. */
  private @Nullable DetectionWriter writer;

  /** Checks where files are to go, before anything is computed. */
  DetectOutputs(OutputOptions options, List<ImageInputs.Input> inputs, boolean single) {
    this.options = options;
    this.inputs = inputs;
    InputFiles read = new InputFiles(inputs);
    if (options.output != null) {
      read.protect(options.output);
    }
    drawn = options.draw == null ? null : new DrawnFiles(options.draw, inputs, single);
    crops = options.crop == null ? null : new Crops(options.crop, read, options.cropMargin);
  }

  /** Writes what was found on one image. */
  void write(
      ImageInputs.Input input, ImageView image, Detections all, LabelFilter filter, Writer out)
      throws IOException {
    List<Found> found = Found.of(all, filter);
    // First, so that a picture that cannot be written costs the picture alone.
    if (writer == null) {
      Ansi colours = options.output == null ? Terminal.colours() : Ansi.OFF;
      writer = DetectionWriter.of(options.format, out, inputs, colours);
    }
    writer.write(input, image.width(), image.height(), found);
    if (drawn != null) {
      drawn.write(input, image, found);
    }
    if (crops != null) {
      crops.write(input, image, found);
    }
  }

  /**
   * Whether standard output takes no more, as after {@code | head} or on a full disk, and it is all
   * that is written: there is no point in going on. {@link StandardOutput} knows if it is a fault.
   */
  boolean closed() {
    return options.output == null && drawn == null && crops == null && System.out.checkError();
  }

  /** Whether an image has given results, even if a picture of them could not be written. */
  boolean hasResults() {
    return writer != null;
  }

  void end() throws IOException {
    if (writer != null) {
      writer.end();
    }
  }
}
