package dev.detr4j.parity;

import dev.detr4j.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * A stored output of the original implementation: all elements of a tensor, every n-th, or those of
 * every n-th query.
 *
 * <p>Indices are flat and row-major in {@link #fullShape}: NCHW for maps, {@code [batch, tokens,
 * channels]} otherwise. Immutable.
 */
public final class ExpectedTensor {
  private final String name;
  private final Shape fullShape;
  private final long block;
  private final long step;
  private final float[] values;
  private final float @Nullable [] valid;
  private final double tolerance;

  /**
   * Runs of {@code block} elements are stored, one run every {@code step} runs; per image when
   * queries are sampled.
   */
  ExpectedTensor(
      String name,
      Shape fullShape,
      long block,
      long step,
      float[] values,
      float @Nullable [] valid,
      double tolerance) {
    this.name = name;
    this.fullShape = fullShape;
    this.block = block;
    this.step = step;
    this.values = values;
    this.valid = valid;
    this.tolerance = tolerance;
  }

  /** The stage, for instance {@code backbone.1}, {@code memory} or {@code logits}. */
  public String name() {
    return name;
  }

  /** The shape of the whole tensor. */
  public Shape fullShape() {
    return fullShape;
  }

  /** How many elements are stored. */
  public int size() {
    return values.length;
  }

  /** The largest absolute error that passes. */
  public double tolerance() {
    return tolerance;
  }

  /** A stored value. */
  public float value(int k) {
    return values[k];
  }

  /** Whether a stored value must match; padded tokens need not. */
  public boolean counts(int k) {
    return valid == null || valid[k] != 0;
  }

  /** Where in the whole tensor a stored value stands. */
  public long flatIndex(int k) {
    if (block == 1) {
      return k * step;
    }
    // Every step-th row of [batch, rows, block]; sampling begins anew in each image.
    long rows = fullShape.get(1);
    long stored = (rows + step - 1) / step;
    long run = k / block;
    return ((run / stored) * rows + (run % stored) * step) * block + k % block;
  }

  /** The values of a tensor of shape {@link #fullShape}, in whatever layout it has. */
  @FunctionalInterface
  public interface Values {
    /** The element at a flat, row-major index. */
    float get(long flatIndex);
  }

  /** The worst stored element, or one that is not a number where the original has one. */
  public Deviation compare(Values actual) {
    Deviation worst = new Deviation(0, -1, 0, 0, tolerance);
    for (int k = 0; k < values.length; k++) {
      if (!counts(k)) {
        continue;
      }
      long index = flatIndex(k);
      float value = actual.get(index);
      double error = value == values[k] ? 0 : Math.abs((double) value - values[k]);
      if (Double.isNaN(error)) {
        error = Float.isNaN(value) && Float.isNaN(values[k]) ? 0 : Double.POSITIVE_INFINITY;
      }
      if (error > worst.maxAbsError() || worst.flatIndex() < 0) {
        worst = new Deviation(error, index, values[k], value, tolerance);
      }
    }
    return worst;
  }

  /**
   * How far a tensor is from the original.
   *
   * @param maxAbsError the largest absolute difference; infinite where only one side is not a
   *     number
   * @param flatIndex where it is, or -1 when nothing was compared
   */
  public record Deviation(
      double maxAbsError, long flatIndex, float expected, float actual, double tolerance) {
    /** Whether something was compared and everything was within the tolerance. */
    public boolean passes() {
      return flatIndex >= 0 && maxAbsError <= tolerance;
    }
  }
}
