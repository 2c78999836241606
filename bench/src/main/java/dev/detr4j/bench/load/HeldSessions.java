package dev.detr4j.bench.load;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.PixelValues;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens sessions of one detector, each of which sees several sizes, and prints rows of the resident
 * memory on the way. A child process of {@link CountSessionMemory}.
 */
public final class HeldSessions {
  private HeldSessions() {}

  /** Arguments: checkpoint, backend, sessions; sizes. */
  public static void main(String[] arguments) throws IOException {
    int sessions = Integer.parseInt(arguments[2]);
    List<PixelValues> inputs = new ArrayList<>();
    for (int i = 3; i < arguments.length; i++) {
      String[] sides = arguments[i].split("x", -1);
      int width = Integer.parseInt(sides[0]);
      int height = Integer.parseInt(sides[1]);
      inputs.add(
          new PixelValues(
              MemorySegment.ofArray(new float[3 * width * height]), width, height, width, height));
    }
    row("before");
    try (Detector detector =
        Detector.builder(Path.of(arguments[0]))
            .backend(BackendKind.of(arguments[1]))
            .threads(1)
            .cachedSizes(inputs.size())
            .build()) {
      row("a detector is open");
      for (int i = 0; i < sessions; i++) {
        DetectorSession session = detector.newSession();
        Detections found = session.newDetections();
        for (int size = 0; size < inputs.size(); size++) {
          session.detect(inputs.get(size), found, 0.5f);
          if (i == 0) {
            row("1 session, %d of %d sizes".formatted(size + 1, inputs.size()));
          }
        }
      }
      row(sessions + " sessions, all sizes");
    }
  }

  private static void row(String when) throws IOException {
    System.gc();
    PlannedSizes.row("resident: " + when, OpenTwice.residentBytes());
  }
}
