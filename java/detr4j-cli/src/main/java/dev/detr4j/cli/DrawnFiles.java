package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where drawn images go: one file for one image, else a folder with one PNG for each, in the
 * subfolders that the images came from. Files are written aside and renamed. Not thread-safe.
 */
final class DrawnFiles {
  private final Path target;

  /** Null when the target is one file. */
  private final @Nullable OutputFolder folder;

  /**
   * Checks the target before anything is computed.
   *
   * @param read what no drawing may replace
   * @param single whether there is one image; it goes into the target if that is a folder already
   * @throws ImageException when the ending of a file is none that can be written, a folder is in
   *     the way of a file or the other way round, or an image that is read would be replaced
   */
  DrawnFiles(Path target, List<ImageInputs.Input> inputs, InputFiles read, boolean single) {
    this.target = target;
    if (single && !Files.isDirectory(target)) {
      folder = null;
      formatOf(target);
      read.protect(target);
      ReplacedFile.check(target);
    } else {
      String name = String.valueOf(target.getFileName()).toLowerCase(Locale.ROOT);
      if (!Files.exists(target) && name.matches(".*\\.(png|jpe?g)")) {
        throw new ImageException(
            target + ": names one picture, expected a folder for several images");
      }
      folder = new OutputFolder(target, read);
      inputs.forEach(input -> read.protect(folder.first(input.relative(), "", "png")));
    }
  }

  /** Draws and writes one image. */
  void write(ImageInputs.Input input, ImageView image, List<Found> found) {
    Path file = folder == null ? target : folder.file(input.relative(), "", "png");
    try (ReplacedFile out = ReplacedFile.open(file)) {
      DetectionPainter.write(image, found, formatOf(file), out.kept());
      out.commit();
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  private static String formatOf(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".png")) {
      return "png";
    }
    if (name.endsWith(".jpg") || name.endsWith(".jpeg")) {
      return "jpg";
    }
    throw new ImageException(file + ": drawn images are written as .png or .jpg");
  }
}
