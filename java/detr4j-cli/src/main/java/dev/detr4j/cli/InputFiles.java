package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files that images are read from, and the file of results, which no other output may replace.
 * Not thread-safe.
 */
final class InputFiles {
  private final List<ImageInputs.Input> inputs;

  /** Made when there is a file in the place of an output for the first time. */
  private @Nullable Set<Path> read;

  private @Nullable Path results;

  InputFiles(List<ImageInputs.Input> inputs) {
    this.inputs = inputs;
  }

  /** From now on, this file is refused too: results go there. */
  void reserve(Path file) {
    results = real(file);
  }

  /**
   * Checks a file that is to be written.
   *
   * @throws ImageException when an image is read from there, or results are written to it
   */
  void protect(Path target) {
    if (real(target).equals(results)) {
      throw new ImageException(target + ": is the file of the results too; choose another path");
    }
    if (!Files.exists(target)) {
      return;
    }
    if (read == null) {
      read = new HashSet<>();
      for (ImageInputs.Input input : inputs) {
        if (input.file() != null && Files.exists(input.file())) {
          read.add(real(input.file()));
        }
      }
    }
    if (read.contains(real(target))) {
      throw new ImageException(
          target + ": is an input image and would be replaced; choose another path");
    }
  }

  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file.toAbsolutePath().normalize();
    }
  }
}
