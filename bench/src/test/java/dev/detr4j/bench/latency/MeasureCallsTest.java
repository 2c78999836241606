package dev.detr4j.bench.latency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.bench.model.BenchmarkModel;
import dev.detr4j.image.ImageView;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** The loops on a real session; no time is asserted. */
class MeasureCallsTest {
  @Test
  void everyCallIsTimed() throws Exception {
    ImageView picture = BenchmarkModel.picture("64x48");
    try (BenchmarkModel model = BenchmarkModel.of(BenchmarkModel.SMALL);
        Detector detector = model.builder("vector", 1).build();
        DetectorSession session = detector.newSession();
        JvmPauses pauses = new JvmPauses()) {
      CallTimes times = CallTimes.room(3);
      CallTimes machine = CallTimes.room(3);
      ConstantWork work = ConstantWork.lasting(1_000_000);
      long before = System.nanoTime();
      MeasureCalls.measure(session, picture, session.newDetections(), times, work, machine, 0, 3);
      long after = System.nanoTime();
      System.gc();
      pauses.stop();
      assertTrue(Arrays.stream(times.durations()).allMatch(each -> each > 0));
      assertTrue(Arrays.stream(times.starts()).allMatch(each -> each >= before && each < after));
      assertTrue(Arrays.stream(machine.durations()).allMatch(each -> each > 0));
      assertTrue(work.sum() > 0);
      assertTrue(times.starts()[1] >= times.starts()[0] + times.durations()[0]);
      assertTrue(pauses.collections() >= 1);
      assertTrue(pauses.stops().size() >= 1 && pauses.longestStop() > 0);
    }
  }

  @Test
  void sessionsCountTheirCalls() throws Exception {
    ImageView picture = BenchmarkModel.picture("64x48");
    try (BenchmarkModel model = BenchmarkModel.of(BenchmarkModel.SMALL);
        Detector detector = model.builder("vector", 1).build();
        DetectorSession first = detector.newSession();
        DetectorSession second = detector.newSession();
        ExecutorService callers = Executors.newFixedThreadPool(2)) {
      assertTrue(SessionLoop.callsPerSecond(List.of(first, second), picture, 1, callers) > 0);
    }
    assertEquals(2, CompareSessions.median(new double[] {3, 1, 2}));
    assertEquals(1.5, CompareSessions.median(new double[] {2, 1}));
  }
}
