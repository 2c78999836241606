package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * A folder with files that are called after images, in the subfolders that the images came from. No
 * two images get the same file. Folders are made when they are needed. Not thread-safe.
 */
final class OutputFolder {
  private final Path folder;
  private final InputFiles inputs;
  private final Set<Path> given = new HashSet<>();

  /**
   * Checks, and makes nothing yet.
   *
   * @param inputs what no file here may replace
   * @throws ImageException when nothing can be written there
   */
  OutputFolder(Path folder, InputFiles inputs) {
    this.folder = folder;
    this.inputs = inputs;
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new ImageException(folder + ": is a file, expected a folder for several images");
    }
    Path existing = folder.toAbsolutePath();
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    if (existing == null || !Files.isDirectory(existing) || !Files.isWritable(existing)) {
      throw new ImageException(folder + ": cannot be written: no permission in " + existing);
    }
  }

  /**
   * A file for an image, in a folder that is there.
   *
   * @param relative the image's place below the folder that was named
   * @param suffix between the name without its ending and the new ending
   */
  Path file(Path relative, String suffix, String ending) {
    String name = String.valueOf(relative.getFileName());
    Path file = first(relative, suffix, ending);
    Path target = parent(relative);
    for (int copy = 2; !given.add(file); copy++) {
      file = target.resolve(name + (copy == 2 ? "" : "-" + copy) + suffix + "." + ending);
    }
    inputs.protect(file);
    try {
      Files.createDirectories(target);
    } catch (IOException e) {
      throw ReplacedFile.unwritable(target, e);
    }
    return file;
  }

  /** The name that a file has where no other image has taken it. */
  Path first(Path relative, String suffix, String ending) {
    String name = String.valueOf(relative.getFileName());
    int dot = name.lastIndexOf('.');
    return parent(relative)
        .resolve((dot > 0 ? name.substring(0, dot) : name) + suffix + "." + ending);
  }

  private Path parent(Path relative) {
    Path parent = relative.getParent();
    return parent == null ? folder : folder.resolve(parent);
  }
}
