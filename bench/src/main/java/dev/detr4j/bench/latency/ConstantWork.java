package dev.detr4j.bench.latency;

/**
 * The same arithmetic again and again, on 16 KB: how evenly a machine lets a thread run that has
 * nothing to do with detr4j. What is uneven here, calls cannot have even.
 */
final class ConstantWork {
  private final float[] values = new float[1 << 12];
  private final int passes;
  private float sum;

  private ConstantWork(int passes) {
    this.passes = passes;
    for (int i = 0; i < values.length; i++) {
      values[i] = 1f / (1 + i);
    }
  }

  /** Work that takes about as long, once it is compiled. */
  static ConstantWork lasting(long nanoseconds) {
    ConstantWork one = new ConstantWork(100);
    long fastest = Long.MAX_VALUE;
    for (int i = 0; i < 400; i++) {
      long start = System.nanoTime();
      one.run();
      fastest = Math.min(fastest, System.nanoTime() - start);
    }
    long passes = 100 * nanoseconds / Math.max(1, fastest);
    return new ConstantWork((int) Math.clamp(passes, 1L, 100_000_000L));
  }

  /** Allocates nothing. */
  void run() {
    for (int pass = 0; pass < passes; pass++) {
      sum += pass();
    }
  }

  /** Four sums, so that none waits for the one before. */
  private float pass() {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    for (int i = 0; i < values.length; i += 4) {
      a += values[i] * 1.5f;
      b += values[i + 1] * 1.5f;
      c += values[i + 2] * 1.5f;
      d += values[i + 3] * 1.5f;
    }
    return a + b + c + d;
  }

  /** What came out, so that no compiler leaves the work out. */
  float sum() {
    return sum;
  }
}
