package dev.detr4j.bench.peer;

import java.util.Arrays;

/**
 * What the rounds of one contender took.
 *
 * @param wall seconds by the clock
 * @param cpu seconds that processors worked for this process, all its threads together: what is
 *     left to compare when others keep the machine busy, although spinning workers count too
 */
public record Timings(Series wall, Series cpu) {
  static Timings ofNanos(long[] wall, long[] cpu) {
    return new Timings(Series.ofNanos(wall), Series.ofNanos(cpu));
  }

  /** Seconds in order of their size. */
  public record Series(double[] sorted) {
    static Series ofNanos(long[] nanos) {
      return new Series(Arrays.stream(nanos).sorted().mapToDouble(n -> n * 1e-9).toArray());
    }

    /** The middle one, or the mean of the middle two. */
    public double median() {
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
    }

    /** The shortest. */
    public double min() {
      return sorted[0];
    }

    /** The longest. */
    public double max() {
      return sorted[sorted.length - 1];
    }

    /** From the shortest to the longest, in medians. */
    double spread() {
      return (max() - min()) / median();
    }
  }
}
