package dev.detr4j.cli;

import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.EvaluationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Where the images of an annotation file are: below one folder. Immutable. */
final class AnnotatedFiles {
  private final Map<CocoId, Path> files = new HashMap<>();

  /**
   * Looks for every image before any is read.
   *
   * @throws EvaluationException when one is missing or would lie outside of the folder
   */
  AnnotatedFiles(Annotations annotations, Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new EvaluationException(folder + ": there is no such folder");
    }
    int missing = 0;
    String first = "";
    for (AnnotatedImage image : annotations.images()) {
      Path file = below(folder, image);
      if (!Files.isRegularFile(file)) {
        missing++;
        first = first.isEmpty() ? image.fileName() : first;
      }
      files.put(image.id(), file);
    }
    if (missing > 0) {
      throw new EvaluationException(
          "%s: %d of %d annotated images are missing, the first is %s"
              .formatted(folder, missing, annotations.images().size(), first));
    }
  }

  private static Path below(Path folder, AnnotatedImage image) {
    if (image.fileName().isEmpty()) {
      throw new EvaluationException("the image with id " + image.id() + " has no file_name");
    }
    try {
      Path root = folder.toAbsolutePath().normalize();
      Path file = root.resolve(image.fileName()).normalize();
      if (file.startsWith(root) && !file.equals(root)) {
        return folder.resolve(image.fileName());
      }
    } catch (InvalidPathException e) {
      // Refused below, like a name that leads elsewhere.
    }
    throw new EvaluationException(
        "the image with id %s has the file_name %s, which is outside of %s"
            .formatted(image.id(), image.fileName(), folder));
  }

  /**
   * What tells an image's file from others without reading it: place, size, time. Empty for none.
   */
  String fingerprint(CocoId image) {
    Path file = files.get(image);
    if (file == null) {
      return "";
    }
    try {
      return FileFingerprint.of(file);
    } catch (IOException e) {
      throw new EvaluationException(file + ": cannot be read: " + Main.explained(e), e);
    }
  }

  Path of(AnnotatedImage image) {
    Path file = files.get(image.id());
    if (file == null) {
      throw new IllegalArgumentException("image " + image.id() + " belongs to other annotations");
    }
    return file;
  }
}
