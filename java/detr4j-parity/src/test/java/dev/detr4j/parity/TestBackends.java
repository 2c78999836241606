package dev.detr4j.parity;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.BackendException;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/** Detectors on a backend that may be missing. */
final class TestBackends {
  private TestBackends() {}

  /** Builds; a missing backend narrows the test, unless the build says that it must be there. */
  static Detector build(DetectorBuilder builder, BackendKind kind) {
    try {
      return builder.backend(kind).build();
    } catch (BackendException e) {
      boolean required =
          Arrays.asList(System.getProperty("detr4j.test.requireBackends", "").split(",", -1))
              .contains(kind.id());
      Assumptions.assumeFalse(!required, kind.id() + " cannot run here: " + e.getMessage());
      throw e;
    }
  }
}
