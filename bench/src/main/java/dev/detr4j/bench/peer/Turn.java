package dev.detr4j.bench.peer;

/** What one contender does in a round. */
public interface Turn {
  /** Runs once. This is what is timed. */
  void run();

  /**
   * How often a turn does the work whose time is asked for: short work is repeated, so that clocks
   * and calls into another process do not count.
   */
  default int repeats() {
    return 1;
  }

  /**
   * Nanoseconds of the last run by a clock of its own, as that of a child process; negative where
   * the caller's clock counts.
   */
  default long ownNanos() {
    return -1;
  }

  /**
   * CPU nanoseconds of the last run where another process did the work; negative where this one
   * did.
   */
  default long ownCpuNanos() {
    return -1;
  }
}
