package dev.detr4j.bench.peer;

import java.util.Arrays;

/** Seconds of one contender's rounds, in order of their size. */
record Timings(double[] sorted) {
  static Timings ofNanos(long[] nanos) {
    return new Timings(Arrays.stream(nanos).sorted().mapToDouble(n -> n * 1e-9).toArray());
  }

  double median() {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
  }

  double min() {
    return sorted[0];
  }

  double max() {
    return sorted[sorted.length - 1];
  }
}
