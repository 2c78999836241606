package dev.detr4j.cli.profile;

import dev.detr4j.backend.Precision;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StepTiming;
import java.util.Locale;

/**
 * The time of a network on an NVIDIA H200, counted from shapes, bytes and kernels; nothing of it is
 * measured.
 *
 * <p>A product is cut into blocks of the best of three sizes, which come to the 132 multiprocessors
 * in rounds; each block multiplies at three quarters of the rate that its instruction has. Other
 * arithmetic runs at a third of the fp32 rate. A step takes the longer of its arithmetic and its
 * bytes: from memory at 4.3 TB/s, or at 5.5 TB/s where they fit the cache. To this, a kernel adds
 * the time to fill and drain it and the gap before the next one.
 *
 * @param kernels of the network
 * @param bytes of all operands
 * @param work seconds of the steps
 * @param starts seconds that kernels add
 */
record CountedTime(long kernels, long bytes, double work, double starts) {
  private static final int MULTIPROCESSORS = 132;
  private static final int[][] BLOCKS = {{128, 128}, {128, 64}, {64, 64}};

  /** FLOP/s of the data sheet (dense); tensor cores by mma.sync reach 63 % of them. */
  private static final double FP32 = 67e12;

  private static final double TF32 = 0.629 * 495e12;
  private static final double BF16 = 0.629 * 989e12;
  private static final double REACHED = 0.75;
  private static final double REACHED_BY_SMALL_BLOCKS = 0.85 * REACHED;
  private static final double REACHED_BY_OTHERS = 0.35;

  /** Bytes a second of memory and cache, and what fits the cache. */
  private static final double MEMORY = 4.3e12;

  private static final double CACHE = 5.5e12;
  private static final long CACHED = 40_000_000;

  /** Seconds between two kernels of a graph, and to fill and drain one. */
  private static final double GAP = 1.3e-6;

  private static final double FILL = 2e-6;

  /**
   * Counts a call.
   *
   * @param precision of the products
   */
  static CountedTime of(CallProfile timings, Precision precision) {
    double work = 0;
    long bytes = 0;
    // The first step is the resize.
    for (StepTiming step : timings.steps().subList(1, timings.steps().size())) {
      work += Math.max(arithmetic(step, precision), transfer(step));
      bytes += step.bytes();
    }
    return new CountedTime(timings.launches(), bytes, work, timings.launches() * (GAP + FILL));
  }

  double seconds() {
    return work + starts;
  }

  /** All of it in one line. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "counted, not measured: %d kernels, %.0f MB, %.2f ms on an NVIDIA H200 (work %.2f, starting kernels %.2f)",
        kernels,
        bytes / 1e6,
        1e3 * seconds(),
        1e3 * work,
        1e3 * starts);
  }

  private static double arithmetic(StepTiming step, Precision precision) {
    long out = step.outputs().getFirst().elements();
    return switch (step.op()) {
      case Linear linear ->
          product(out / linear.outFeatures(), linear.outFeatures(), linear.inFeatures(), precision);
      case Convolution convolution when convolution.groups() == 1 ->
          product(
              out / convolution.outChannels(),
              convolution.outChannels(),
              (long) convolution.inChannels() * convolution.window().area(),
              precision);
      default -> step.cost().flops() / (FP32 * REACHED_BY_OTHERS);
    };
  }

  private static double product(long rows, long columns, long depth, Precision precision) {
    double rate =
        switch (precision) {
          case FP32 -> FP32;
          case TF32 -> TF32;
          case BF16 -> BF16;
        };
    double least = Double.MAX_VALUE;
    for (int i = 0; i < BLOCKS.length; i++) {
      int[] block = BLOCKS[i];
      long blocks = Math.ceilDiv(rows, block[0]) * Math.ceilDiv(columns, block[1]);
      long rounds = Math.ceilDiv(blocks, MULTIPROCESSORS);
      double reached = i == 0 ? REACHED : REACHED_BY_SMALL_BLOCKS;
      double seconds =
          rounds * 2.0 * block[0] * block[1] * depth / (rate / MULTIPROCESSORS * reached);
      least = Math.min(least, seconds);
    }
    return least;
  }

  private static double transfer(StepTiming step) {
    double once = step.bytes() / (step.bytes() > CACHED ? MEMORY : CACHE);
    if (step.op() instanceof MsDeformAttention attention) {
      // Each sample reads four corners of the value, which the cache holds; half of them are
      // closer.
      long samples =
          step.outputs().getFirst().elements()
              / attention.headDim()
              * attention.levels().size()
              * attention.points();
      return Math.max(once, 0.6 * samples * 4 * attention.headDim() * Float.BYTES / CACHE);
    }
    return once;
  }
}
