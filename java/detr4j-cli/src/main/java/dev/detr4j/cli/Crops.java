package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Cuts detections out of their image: a PNG each, called {@code <image>-<number>-<label>.png}, in
 * the subfolders that the images came from. Numbers count from 1 in the order of the detections;
 * one that lies outside of its image has no file. Files are written aside and renamed. Not
 * thread-safe.
 */
final class Crops {
  private final OutputFolder folder;
  private final float margin;

  /**
   * Checks the folder before anything is computed.
   *
   * @param inputs what no file there may replace
   * @param margin is added on each side, as a part of the longer side of the box
   * @throws ImageException when nothing can be written there
   */
  Crops(Path folder, InputFiles inputs, float margin) {
    this.folder = new OutputFolder(folder, inputs);
    this.margin = margin;
  }

  /** Writes a file for each detection. */
  void write(ImageInputs.Input input, ImageView image, List<Found> found) {
    for (int i = 0; i < found.size(); i++) {
      Found each = found.get(i);
      float extra = margin * Math.max(each.xMax() - each.xMin(), each.yMax() - each.yMin());
      int left = (int) Math.max(0, Math.floor(each.xMin() - extra));
      int top = (int) Math.max(0, Math.floor(each.yMin() - extra));
      int right = (int) Math.min(image.width(), Math.ceil(each.xMax() + extra));
      int bottom = (int) Math.min(image.height(), Math.ceil(each.yMax() + extra));
      if (left < right && top < bottom) {
        String suffix = "-" + (i + 1) + "-" + plain(each.label());
        write(
            folder.file(input.relative(), suffix, "png"),
            Pictures.of(image, left, top, right - left, bottom - top));
      }
    }
  }

  private static void write(Path file, BufferedImage picture) {
    try (ReplacedFile out = ReplacedFile.open(file)) {
      Pictures.write(picture, "png", out.kept());
      out.commit();
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  /** A label as part of a file name: it comes from the model, and may be any text. */
  private static String plain(String label) {
    String plain = label.replaceAll("[^\\p{L}\\p{N}_.]+", "_").replaceAll("\\.\\.+|^\\.|\\.$", "_");
    if (plain.length() > 60) {
      plain = plain.substring(0, 60);
    }
    try {
      return plain.isEmpty() ? "_" : Path.of(plain).toString();
    } catch (InvalidPathException e) { // letters that file names have not where the locale is C
      return plain.replaceAll("[^\\p{ASCII}]", "_");
    }
  }
}
