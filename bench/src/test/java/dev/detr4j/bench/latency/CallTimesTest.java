package dev.detr4j.bench.latency;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class CallTimesTest {
  /** 1 to 200 in no order: the nearest rank of each percentile is known. */
  @Test
  void percentilesAreNearestRanks() {
    CallTimes times = CallTimes.room(200);
    for (int i = 0; i < 200; i++) {
      times.durations()[i] = 1 + (i * 77L) % 200;
    }
    assertEquals(100, times.percentile(0.5));
    assertEquals(180, times.percentile(0.9));
    assertEquals(198, times.percentile(0.99));
    assertEquals(200, times.percentile(0.999));
    assertEquals(200, times.longest());
    assertEquals(1, times.percentile(0));
    assertEquals(50, times.slower(1.5));
  }

  @Test
  void slowCallsAreThoseThatMeetAStretch() {
    CallTimes times =
        new CallTimes(new long[] {0, 10, 20, 50, 80}, new long[] {10, 10, 30, 30, 10});
    assertEquals(2, times.slower(1.15));
    assertEquals(1, times.slowerDuring(1.15, new long[][] {{45, 46}}));
    assertEquals(2, times.slowerDuring(1.15, new long[][] {{45, 55}}));
    assertEquals(0, times.slowerDuring(1.15, new long[][] {{5, 12}, {80, 90}}));
    assertEquals(2, times.slowerDuring(1.15, new long[][] {{0, 100}}));
  }
}
