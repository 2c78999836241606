package dev.detr4j.op;

import java.util.Arrays;

/**
 * One axis of a separable fixed-point filter: which source positions each output position sums,
 * with what weights.
 *
 * <p>Output {@code i} reads sources {@code start[i] .. start[i] + count[i] - 1}; the weight of the
 * {@code j}-th is {@code weights[i * maxCount + j]}, scaled by {@code 2^precision}. Immutable by
 * convention: nobody writes to the arrays.
 *
 * @param sourceSize extent of the source axis
 * @param start first source of each output
 * @param count number of sources of each output, 1 to {@code maxCount}
 * @param weights fixed-point weights, {@code maxCount} for each output
 * @param maxCount the stride of {@code weights}
 * @param precision fraction bits
 */
public record ResamplingTable(
    int sourceSize, int[] start, int[] count, int[] weights, int maxCount, int precision) {

  /** The extent of the output axis. */
  public int size() {
    return start.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ResamplingTable table
        && sourceSize == table.sourceSize
        && maxCount == table.maxCount
        && precision == table.precision
        && Arrays.equals(start, table.start)
        && Arrays.equals(count, table.count)
        && Arrays.equals(weights, table.weights);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(weights) + Arrays.hashCode(start);
  }

  @Override
  public String toString() {
    return "ResamplingTable[" + sourceSize + " -> " + start.length + ", taps <= " + maxCount + "]";
  }
}
