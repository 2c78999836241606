package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor as a weight of a model: reading it throws {@link CheckpointException} when a value is
 * NaN or infinite, which one damaged element would otherwise spread over every detection. An
 * identity, as {@link Weight} asks.
 */
final class FiniteWeight implements Weight {
  private static final ValueLayout.OfInt BITS = ValueLayout.JAVA_INT_UNALIGNED;

  /** The bits of positive infinity; those of NaNs are above. */
  private static final int NOT_FINITE = 0x7f800000;

  private static final long LOOKED_AT = 1 << 10;

  private final StoredTensor tensor;

  FiniteWeight(StoredTensor tensor) {
    this.tensor = tensor;
  }

  @Override
  public String name() {
    return tensor.name();
  }

  @Override
  public Shape shape() {
    return tensor.shape();
  }

  @Override
  public void read(MemorySegment destination) {
    tensor.read(destination);
    long count = tensor.shape().elements();
    if (largestMagnitude(destination, count) >= NOT_FINITE) {
      throw notFinite(destination, count);
    }
  }

  /**
   * The bits of the largest magnitude: without their sign, floats order like their bits. Looked at
   * in an array, where a JVM that has just started is many times faster than in a segment.
   */
  private static int largestMagnitude(MemorySegment values, long count) {
    int[] bits = new int[(int) Math.min(count, LOOKED_AT)];
    int largest = 0;
    for (long at = 0; at < count; at += bits.length) {
      int length = (int) Math.min(bits.length, count - at);
      MemorySegment.copy(values, BITS, 4 * at, bits, 0, length);
      largest = Math.max(largest, largestMagnitude(bits, length));
    }
    return largest;
  }

  /** Integers, so that the JIT compiler can make vectors of it. */
  private static int largestMagnitude(int[] bits, int length) {
    int largest = 0;
    for (int i = 0; i < length; i++) {
      largest = Math.max(largest, bits[i] & Integer.MAX_VALUE);
    }
    return largest;
  }

  private CheckpointException notFinite(MemorySegment values, long count) {
    long first = -1;
    long bad = 0;
    for (long i = 0; i < count; i++) {
      if ((values.get(BITS, 4 * i) & Integer.MAX_VALUE) >= NOT_FINITE) {
        first = first < 0 ? i : first;
        bad++;
      }
    }
    return new CheckpointException(
        "checkpoint %s: tensor %s %s holds %s at element %d, expected finite weights (%d of %d are not)"
            .formatted(
                tensor.container(),
                OneLine.of(tensor.name()),
                tensor.shape(),
                Float.intBitsToFloat(values.get(BITS, 4 * first)),
                first,
                bad,
                count));
  }

  @Override
  public String toString() {
    return tensor.toString();
  }
}
