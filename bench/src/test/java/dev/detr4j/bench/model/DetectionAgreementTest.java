package dev.detr4j.bench.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.parity.ParityTarget;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The model that is timed detects the same on every backend and tier. */
class DetectionAgreementTest {
  /**
   * A score is a sigmoid of a logit; the golden set bounds logits by 10 x the noise of the
   * original's own float32 run, which is of the order of 1e-4.
   */
  private static final float SCORE = 1e-3f;

  /** Pixels, of 640. */
  private static final float PIXELS = 0.5f;

  @Test
  void everyBackendDetectsTheSame() {
    try (BenchmarkModel model = BenchmarkModel.of(BenchmarkModel.SMALL)) {
      Detections expected = detect(model.builder("reference", 2));
      assertTrue(expected.size() >= 10, "only " + expected.size() + " detections");
      for (ParityTarget target :
          ParityTarget.available(2, reason -> System.out.println("model benchmarks: " + reason))) {
        if (target.kind() == BackendKind.REFERENCE) {
          continue;
        }
        DetectorBuilder builder = model.builder(target.kind().id(), 2);
        if (target.options().instructionSet() != null) {
          builder.instructionSet(target.options().instructionSet());
        }
        compare(expected, detect(builder), target.toString());
      }
    }
  }

  private static Detections detect(DetectorBuilder builder) {
    try (Detector detector = builder.build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(BenchmarkModel.picture("640x512"), found, 0f);
      return found;
    }
  }

  /** Each detection has its twin; near ties may swap places. */
  private static void compare(Detections expected, Detections actual, String where) {
    assertEquals(expected.size(), actual.size(), where);
    for (int i = 0; i < expected.size(); i++) {
      // The last places may go to others of nearly the same score.
      if (expected.score(i) > expected.score(expected.size() - 1) + SCORE) {
        assertTrue(hasTwin(expected, i, actual), where + ": detection " + i + " has no twin");
      }
    }
  }

  private static boolean hasTwin(Detections expected, int i, Detections actual) {
    for (int j = 0; j < actual.size(); j++) {
      if (expected.label(i).equals(actual.label(j))
          && Math.abs(expected.score(i) - actual.score(j)) <= SCORE
          && List.of(
                  expected.xMin(i) - actual.xMin(j),
                  expected.yMin(i) - actual.yMin(j),
                  expected.xMax(i) - actual.xMax(j),
                  expected.yMax(i) - actual.yMax(j))
              .stream()
              .allMatch(difference -> Math.abs(difference) <= PIXELS)) {
        return true;
      }
    }
    return false;
  }
}
