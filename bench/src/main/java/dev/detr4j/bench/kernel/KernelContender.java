package dev.detr4j.bench.kernel;

import dev.detr4j.bench.peer.Turn;

/**
 * One way to compute a case, as a turn in the rounds: it repeats the work until a turn is long
 * enough for clocks and calls not to count.
 *
 * <p>Used by one thread, which also closes it.
 */
abstract class KernelContender implements Turn, AutoCloseable {
  private final String name;
  private int repeats = 1;

  KernelContender(String name) {
    this.name = name;
  }

  /** The heading of its column. */
  final String name() {
    return name;
  }

  /** Does the work so many times. */
  abstract void run(int times);

  /** The result of the work, row-major and channels last. */
  abstract float[] output();

  @Override
  public final void run() {
    run(repeats);
  }

  @Override
  public final int repeats() {
    return repeats;
  }

  /**
   * Runs until it is warm, and decides how often a turn repeats the work.
   *
   * @param warmUpNanos how long at least; three runs at least too
   * @param turnNanos how long a turn should take at least
   */
  final void settle(long warmUpNanos, long turnNanos) {
    repeats = 1;
    long start = System.nanoTime();
    long fastest = Long.MAX_VALUE;
    for (int runs = 0; runs < 3 || System.nanoTime() - start < warmUpNanos; runs++) {
      long before = System.nanoTime();
      run(1);
      long nanos = System.nanoTime() - before;
      fastest = Math.min(fastest, ownNanos() < 0 ? nanos : ownNanos());
    }
    repeats = Math.clamp(turnNanos / Math.max(1, fastest) + 1, 1, 1_000_000);
  }

  @Override
  public void close() {}
}
