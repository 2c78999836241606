package dev.detr4j.image;

/**
 * How one axis of an image is resampled: for every target position the first source position, the
 * number of source positions, and their fixed-point weights.
 *
 * <p>Flat arrays, so that a kernel of any backend can take them as they are. For target position
 * {@code i}:
 *
 * <pre>
 * target[i] = sum over j in 0 .. count[i]-1 of source[start[i] + j] * weights[i * maxCount + j]
 * </pre>
 *
 * in units of {@code 2^-precisionBits}; weights beyond {@code count[i]} are zero. How the sum is
 * rounded belongs to {@link ResamplingPlan.Arithmetic}. Every weight fits {@code int16} but those
 * of the Pillow rule (22 bits), which need {@code int32} products. A sum never leaves {@code
 * int32}.
 *
 * <p>{@code 0 <= start[i]} and {@code start[i] + count[i] <= sourceSize}, except in tables of
 * {@link OpenCvLinear}, where the positions {@code -1} and {@code sourceSize} stand for the pixel
 * at that edge.
 *
 * <p>The arrays are shared, not copied: they must not be written after construction. A table is
 * then immutable and thread-safe.
 */
public final class ResamplingTable {
  private final int sourceSize;
  private final int targetSize;
  private final int maxCount;
  private final int precisionBits;
  private final int[] start;
  private final int[] count;
  private final int[] weights;

  ResamplingTable(
      int sourceSize,
      int targetSize,
      int maxCount,
      int precisionBits,
      int[] start,
      int[] count,
      int[] weights) {
    this.sourceSize = sourceSize;
    this.targetSize = targetSize;
    this.maxCount = maxCount;
    this.precisionBits = precisionBits;
    this.start = start;
    this.count = count;
    this.weights = weights;
  }

  /** Source positions along the axis. */
  public int sourceSize() {
    return sourceSize;
  }

  /** Target positions along the axis. */
  public int targetSize() {
    return targetSize;
  }

  /** The row length of {@link #weights()}: the largest count. */
  public int maxCount() {
    return maxCount;
  }

  /** A weight of one is {@code 1 << precisionBits}, before rounding. */
  public int precisionBits() {
    return precisionBits;
  }

  /** First source position of each target position, {@code [targetSize]}. Not a copy: read only. */
  public int[] start() {
    return start;
  }

  /**
   * Number of source positions of each target position, {@code [targetSize]}. Not a copy: read
   * only.
   */
  public int[] count() {
    return count;
  }

  /** Fixed-point weights, {@code [targetSize, maxCount]}. Not a copy: read only. */
  public int[] weights() {
    return weights;
  }
}
