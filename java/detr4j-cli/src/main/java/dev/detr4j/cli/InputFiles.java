package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The files that images are read from, which no output may replace. Not thread-safe. */
final class InputFiles {
  private final List<ImageInputs.Input> inputs;

  /** Made when there is a file in the place of an output for the first time. */
  private @Nullable Set<Path> read;

  InputFiles(List<ImageInputs.Input> inputs) {
    this.inputs = inputs;
  }

  /**
   * Checks a file that is to be written.
   *
   * @throws ImageException when an image is read from there
   */
  void protect(Path target) {
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
