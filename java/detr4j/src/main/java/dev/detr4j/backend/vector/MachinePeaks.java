package dev.detr4j.backend.vector;

import dev.detr4j.backend.BackendReport;
import dev.detr4j.error.BackendException;
import dev.detr4j.op.OperationCost;
import org.jspecify.annotations.Nullable;

/**
 * How fast this machine multiplies and adds, and reads memory, at best: what a profile holds the
 * steps of a network against.
 *
 * <p>Measured in Java with vectors of the width, and the kind of instructions, that the profiled
 * backend uses, on as many threads. The rates are those of loops that do nothing else, the best of
 * many short runs; {@link #words} describes them. One JVM measures one kind of vectors, because C2
 * needs to know them as constants.
 *
 * @param flops operations a second, a multiply-add as two
 * @param bytes bytes read a second
 * @param words how both were measured
 */
public record MachinePeaks(double flops, double bytes, String words) {
  /**
   * The vectors of a measurement.
   *
   * @param bits the width of one
   * @param fused whether multiplication and addition are one instruction
   */
  record Vectors(int bits, boolean fused) {}

  private static @Nullable Vectors fixed;

  /** Why nothing can be measured for this backend, or null when it can. */
  public static synchronized @Nullable String refusal(BackendReport report) {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      return "module jdk.incubator.vector is missing; start Java with --add-modules jdk.incubator.vector";
    }
    Vectors wanted = vectors(report);
    return fixed == null || fixed.equals(wanted)
        ? null
        : "this JVM has measured vectors of %d bits%s before; start another"
            .formatted(fixed.bits(), fixed.fused() ? "" : ", multiplication and addition apart,");
  }

  /**
   * Measures for about half a second.
   *
   * @param report the backend, on this machine's processor
   * @throws BackendException when {@link #refusal} has a reason
   */
  public static MachinePeaks measure(BackendReport report, int threads) {
    Vectors vectors = fix(report);
    PeakLoops.Rates rates = PeakLoops.run(threads);
    return new MachinePeaks(
        rates.flops(),
        rates.bytes(),
        "%s of %d-bit vectors in %d independent chains, %s; reading %d MiB in order"
            .formatted(
                vectors.fused()
                    ? "fused multiply-adds"
                    : "multiplications and additions, two instructions,",
                vectors.bits(),
                PeakLoops.CHAINS,
                threads == 1 ? "1 thread" : threads + " threads",
                PeakLoops.MEMORY_BYTES >> 20));
  }

  /** The higher rates of both: noise only lowers them. */
  public MachinePeaks best(MachinePeaks other) {
    return new MachinePeaks(Math.max(flops, other.flops), Math.max(bytes, other.bytes), words);
  }

  /** The least seconds that this machine needs for so much work, whichever peak it meets first. */
  public double leastSeconds(OperationCost cost) {
    return Math.max(cost.flops() / flops, cost.bytes() / bytes);
  }

  private static synchronized Vectors fix(BackendReport report) {
    String reason = refusal(report);
    if (reason != null) {
      throw new BackendException("the machine's peaks cannot be measured: " + reason);
    }
    fixed = vectors(report);
    return fixed;
  }

  /** Decided by {@link #measure} before {@link PeakLoops} is initialised. */
  static synchronized Vectors fixed() {
    if (fixed == null) {
      throw new IllegalStateException("the kind of vectors is not decided yet");
    }
    return fixed;
  }

  private static Vectors vectors(BackendReport report) {
    int widest = VectorKernels.widest();
    return switch (report.kind()) {
      case C ->
          switch (report.instructionSet()) {
            case "baseline" -> new Vectors(128, false);
            case "neon" -> new Vectors(128, true);
            case "x86-64-v3" -> new Vectors(Math.min(256, widest), true);
            default -> new Vectors(widest, true);
          };
      case VECTOR -> new Vectors(Lanes.BITS, true);
      // Plain loops: held against what the processor could do.
      case REFERENCE, CUDA, AUTO -> new Vectors(widest, true);
    };
  }
}
