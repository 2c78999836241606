package dev.detr4j.cli;

import dev.detr4j.Detections;
import dev.detr4j.ImageException;
import dev.detr4j.ImageView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Where drawn images go: one file for one image, else a folder with one PNG for each, in the
 * subfolders that the images came from. Files are written aside and renamed. Not thread-safe.
 */
final class DrawnFiles {
  private final Path target;
  private final boolean single;
  private final Set<Path> written = new HashSet<>();

  /**
   * Checks the target before anything is computed.
   *
   * @throws ImageException when the ending of a file is none that can be written, or a folder is in
   *     the way of a file or the other way round
   */
  DrawnFiles(Path target, boolean single) {
    this.target = target;
    this.single = single;
    if (single) {
      if (Files.isDirectory(target)) {
        throw new ImageException(target + ": is a folder; one image is drawn to a file");
      }
      formatOf(target);
      try {
        ReplacedFile.open(target).close();
      } catch (IOException e) {
        throw ReplacedFile.unwritable(target, e);
      }
    } else if (Files.exists(target) && !Files.isDirectory(target)) {
      throw new ImageException(target + ": is a file; several images are drawn to a folder");
    } else {
      Path existing = target.toAbsolutePath();
      while (existing != null && !Files.exists(existing)) {
        existing = existing.getParent();
      }
      if (existing == null || !Files.isDirectory(existing) || !Files.isWritable(existing)) {
        throw new ImageException(target + ": cannot be written: no permission in " + existing);
      }
    }
  }

  /** Draws and writes one image. */
  void write(ImageInputs.Input input, ImageView image, Detections found) {
    Path file = single ? target : inFolder(input.relative());
    try (ReplacedFile out = ReplacedFile.open(file)) {
      DetectionPainter.write(image, found, formatOf(file), out.kept());
      out.commit();
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  private Path inFolder(Path relative) {
    String name = relative.getFileName().toString();
    int dot = name.lastIndexOf('.');
    Path parent = relative.getParent();
    Path folder = parent == null ? target : target.resolve(parent);
    Path file = folder.resolve((dot > 0 ? name.substring(0, dot) : name) + ".png");
    for (int copy = 2; !written.add(file); copy++) {
      file = folder.resolve(name + (copy == 2 ? "" : "-" + copy) + ".png");
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw ReplacedFile.unwritable(folder, e);
    }
    return file;
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
