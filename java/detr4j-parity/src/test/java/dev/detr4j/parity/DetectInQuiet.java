package dev.detr4j.parity;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import java.nio.file.Path;
import jdk.jfr.FlightRecorder;

/** A JVM of its own that detects while nobody records, for {@link FlightRecorderTest}. */
final class DetectInQuiet {
  private DetectInQuiet() {}

  /** Argument: the model. Prints whether the recorder was started. */
  public static void main(String[] arguments) {
    try (Detector detector =
            Detector.builder(Path.of(arguments[0])).backend(BackendKind.VECTOR).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(SmallModel.picture(96, 64, 3), found, 0);
      session.detect(SmallModel.picture(96, 64, 4), found, 0);
      System.out.println(found.size() + " found, recorder " + FlightRecorder.isInitialized());
    }
  }
}
