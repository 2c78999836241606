package dev.detr4j.cli;

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
      read.reserve(options.output);
    }
    drawn = options.draw == null ? null : new DrawnFiles(options.draw, inputs, read, single);
    crops = options.crop == null ? null : new Crops(options.crop, read, options.cropMargin);
  }

  /** Whether something is made of the pixels of an image. */
  boolean needPixels() {
    return drawn != null || crops != null;
  }

  /**
   * Writes what was found on one image.
   *
   * @param image its pixels; null only where they are not needed
   */
  void write(
      ImageInputs.Input input, FoundJournal.Kept result, @Nullable ImageView image, Writer out)
      throws IOException {
    // First, so that a picture that cannot be written costs the picture alone.
    if (writer == null) {
      Ansi colours = options.output == null ? Terminal.colours() : Ansi.OFF;
      writer = DetectionWriter.of(options.format, out, inputs, colours);
    }
    writer.write(input, result.width(), result.height(), result.found());
    if (drawn != null && image != null) {
      drawn.write(input, image, result.found());
    }
    if (crops != null && image != null) {
      crops.write(input, image, result.found());
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
