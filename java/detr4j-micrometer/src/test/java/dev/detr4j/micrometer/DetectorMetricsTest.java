package dev.detr4j.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.error.DeadlineExceededException;
import dev.detr4j.model.codes.CodesModel;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DetectorMetricsTest {
  private static final Path PICTURE = Path.of("../../docs/pictures/codes.jpg");

  @Test
  void callsAreCountedTimedAndNamed() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (Detector detector =
        Detector.builder(CodesModel.folder()).name("codes").sessions(2).build()) {
      new DetectorMetrics(detector).bindTo(registry);
      String backend = detector.backend().kind().id();
      int found = detector.detect(PICTURE).size();
      detector.detect(PICTURE);
      assertThrows(
          DeadlineExceededException.class,
          () -> detector.call().timeout(Duration.ZERO).detect(PICTURE));

      var calls = registry.get("detr4j.calls").tags("model", "codes", "backend", backend);
      assertEquals(2, calls.tag("outcome", "success").timer().count());
      assertTrue(calls.tag("outcome", "success").timer().totalTime(TimeUnit.MILLISECONDS) > 1);
      assertEquals(1, registry.get("detr4j.calls").tag("outcome", "deadline").timer().count());
      assertEquals(0, registry.get("detr4j.calls").tag("outcome", "busy").timer().count());
      assertEquals(3, registry.get("detr4j.calls.wait").timer().count());
      assertEquals(2.0 * found, registry.get("detr4j.detections").summary().totalAmount());
      assertEquals(2, registry.get("detr4j.calls.limit").gauge().value());
      assertEquals(0, registry.get("detr4j.calls.running").gauge().value());
      assertEquals(0, registry.get("detr4j.calls.waiting").gauge().value());
      // The model's file has 4.6 MB of weights.
      assertTrue(registry.get("detr4j.memory").tag("area", "weights").gauge().value() > 4e6);
      assertTrue(registry.get("detr4j.memory").tag("area", "sessions").gauge().value() > 1e6);
    }
    assertEquals(0, registry.get("detr4j.memory").tag("area", "sessions").gauge().value());
  }
}
