package dev.detr4j.examples;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.error.Detr4jException;
import java.nio.file.Path;

/** Prints the objects on one photo: {@code DetectPhoto MODEL_FOLDER PHOTO}. */
public final class DetectPhoto {
  private DetectPhoto() {}

  /** Detects. An error is one line and exit code 1. */
  public static void main(String[] arguments) {
    if (arguments.length != 2) {
      System.err.println("usage: DetectPhoto MODEL_FOLDER PHOTO");
      System.exit(2);
    }
    try {
      detect(Path.of(arguments[0]), Path.of(arguments[1]));
    } catch (Detr4jException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  // README and the package description of dev.detr4j show the body of this method; ReadmeTest
  // compares them.
  static void detect(Path model, Path photo) {
    try (Detector detector = Detector.builder(model).build()) {
      System.err.println(detector.backend());
      for (Detection found : detector.detect(photo)) {
        System.out.println(found);
      }
    }
  }
}
