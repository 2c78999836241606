package dev.detr4j.backend.vector;

import dev.detr4j.ffi.NativeAccess;
import org.jspecify.annotations.Nullable;

/**
 * Whether this JVM can run kernels of vectors, of whatever width, and turns their arithmetic into
 * instructions. Where it does not, the results would be right and take thousands of times as long.
 *
 * <p>Thread-safe. Touches nothing of the Vector API.
 */
final class VectorJvm {
  private static final String MODULE = "jdk.incubator.vector";

  /**
   * The most that a multiply-add may take. As an instruction it takes up to 5 ns compiled and 40 ns
   * interpreted; without one, {@link Math#fma} goes through {@link java.math.BigDecimal}, which
   * took 2,900 ns at best on a core of Zen 5 with the factors of {@link #multiplyAdds}.
   */
  private static final long MOST_NANOSECONDS = 500;

  private static final int MULTIPLY_ADDS = 50;

  /**
   * How long the search for one fast stretch may take: a JVM whose interpreter does not know the
   * instruction compiles the loop in this time.
   */
  private static final long PATIENCE_NANOSECONDS = 300_000_000;

  /** The result goes here, so that no loop is dropped as useless. */
  @SuppressWarnings("unused")
  private static volatile float sink;

  private VectorJvm() {}

  /** Why the kernels cannot run here, or would crawl, or null; the first call may take 0.3 s. */
  static @Nullable String refusal() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return "module " + MODULE + " is missing; start Java with --add-modules " + MODULE;
    }
    // Kernels reach tensors by address, see Memory.
    String denied = NativeAccess.refusal();
    return denied != null ? denied : Measured.REFUSAL;
  }

  /** Once in a JVM, when it is first asked. */
  private static final class Measured {
    private static final @Nullable String REFUSAL = refusalOfSpeed();
  }

  private static @Nullable String refusalOfSpeed() {
    if (System.getProperty("java.vm.info", "").contains("interpreted mode")) {
      return "this JVM only interprets (-Xint), and interpreted vectors take thousands of times as long;"
          + " start Java without -Xint";
    }
    return hasMultiplyAdd()
        ? null
        : "this JVM has no multiply-add instruction: the processor lacks FMA, or Java was started with -XX:-UseFMA";
  }

  /**
   * By time, because the flag alone says nothing about other JVMs and reading it takes a module
   * that an application may lack. The fastest of many short stretches counts, so that a thread that
   * was stopped for a while does not decide.
   */
  private static boolean hasMultiplyAdd() {
    long begin = System.nanoTime();
    long start;
    do {
      start = System.nanoTime();
      sink = multiplyAdds(1.1f);
      if (System.nanoTime() - start <= MULTIPLY_ADDS * MOST_NANOSECONDS) {
        return true;
      }
    } while (start - begin < PATIENCE_NANOSECONDS);
    return false;
  }

  /**
   * A product near 1e-50 and a summand near 1e-30 have decimals of some 200 digits, which nothing
   * adds quickly. With factors near 1 the decimals took 420 ns. The float that is the result is not
   * subnormal.
   */
  private static float multiplyAdds(float x) {
    for (int i = 0; i < MULTIPLY_ADDS; i++) {
      x = Math.fma(x, 1.3e-20f, 3e-30f + i * 1e-38f);
    }
    return x;
  }
}
