package dev.detr4j.backend;

import dev.detr4j.op.OperationCost;

/**
 * How fast this machine multiplies and adds, and reads memory, at best: what a profile holds the
 * steps of a network against.
 *
 * <p>The rates are those of loops that do nothing else, the best of many short runs.
 *
 * @param flops operations a second, a multiply-add as two
 * @param bytes bytes read a second
 * @param loops what was run
 */
public record PeakRates(double flops, double bytes, Loops loops) {
  /**
   * The loops of a measurement.
   *
   * @param bits the width of one vector
   * @param fused whether multiplication and addition were one instruction
   * @param chains independent multiply-adds of a thread
   * @param memoryBytes the memory that was read in order
   */
  public record Loops(int bits, boolean fused, int chains, int threads, long memoryBytes) {
    /** In one line, for people. */
    @Override
    public String toString() {
      return "%s of %d-bit vectors in %d independent chains, %s; reading %d MiB in order"
          .formatted(
              fused ? "fused multiply-adds" : "multiplications and additions, two instructions,",
              bits,
              chains,
              threads == 1 ? "1 thread" : threads + " threads",
              memoryBytes >> 20);
    }
  }

  /** The higher rates of two measurements by the same loops: noise only lowers them. */
  public PeakRates best(PeakRates other) {
    return new PeakRates(Math.max(flops, other.flops), Math.max(bytes, other.bytes), loops);
  }

  /** The least seconds that this machine needs for so much work, whichever peak it meets first. */
  public double leastSeconds(OperationCost cost) {
    return Math.max(cost.flops() / flops, cost.bytes() / bytes);
  }
}
