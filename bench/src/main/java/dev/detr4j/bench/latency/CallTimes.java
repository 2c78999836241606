package dev.detr4j.bench.latency;

import java.util.Arrays;

/**
 * When each of many calls began and how long it took.
 *
 * @param starts nanoseconds, as {@link System#nanoTime}
 * @param durations nanoseconds, of the call at the same index
 */
record CallTimes(long[] starts, long[] durations) {
  /** Room for the times of so many calls. */
  static CallTimes room(int calls) {
    return new CallTimes(new long[calls], new long[calls]);
  }

  /** The duration that this part of the calls does not exceed: the nearest rank. */
  long percentile(double part) {
    long[] sorted = durations.clone();
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(part * sorted.length);
    return sorted[Math.clamp(rank - 1L, 0, sorted.length - 1)];
  }

  long longest() {
    return percentile(1);
  }

  /** Calls that took more than {@code factor} times the median. */
  int slower(double factor) {
    double limit = factor * percentile(0.5);
    return (int) Arrays.stream(durations).filter(each -> each > limit).count();
  }

  /** Of those, the calls during which one of these stretches of time began or ended, or lasted. */
  int slowerDuring(double factor, long[][] stretches) {
    double limit = factor * percentile(0.5);
    int count = 0;
    for (int i = 0; i < durations.length; i++) {
      if (durations[i] > limit && meets(starts[i], starts[i] + durations[i], stretches)) {
        count++;
      }
    }
    return count;
  }

  private static boolean meets(long from, long to, long[][] stretches) {
    for (long[] stretch : stretches) {
      if (stretch[0] - to < 0 && stretch[1] - from > 0) {
        return true;
      }
    }
    return false;
  }
}
