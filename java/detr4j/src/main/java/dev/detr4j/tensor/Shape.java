package dev.detr4j.tensor;

import java.util.Arrays;

/**
 * The extents of a tensor, outermost first. Immutable; a scalar has rank 0.
 *
 * <p>Feature maps are {@code [N, H, W, C]} and token sequences {@code [N, S, C]} (channels last);
 * weights keep the layout of their checkpoint.
 */
public final class Shape {
  private final int[] extents;

  private Shape(int[] extents) {
    this.extents = extents;
  }

  /**
   * Returns the shape with these extents; throws {@link IllegalArgumentException} when one is
   * negative.
   */
  public static Shape of(int... extents) {
    for (int extent : extents) {
      if (extent < 0) {
        throw new IllegalArgumentException("negative extent in " + Arrays.toString(extents));
      }
    }
    return new Shape(extents.clone());
  }

  /** The number of dimensions. */
  public int rank() {
    return extents.length;
  }

  /** The extent of one dimension; negative indices count from the end. */
  public int get(int dimension) {
    return extents[dimension < 0 ? extents.length + dimension : dimension];
  }

  /** The extent of the innermost dimension. */
  public int last() {
    return extents[extents.length - 1];
  }

  /** The number of elements; throws {@link ArithmeticException} beyond {@code Long.MAX_VALUE}. */
  public long elements() {
    long product = 1;
    for (int extent : extents) {
      product = Math.multiplyExact(product, (long) extent);
    }
    return product;
  }

  /** A copy of the extents. */
  public int[] toArray() {
    return extents.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(extents);
  }

  /** The extents in brackets, as in {@code [1024, 256]}. */
  @Override
  public String toString() {
    return Arrays.toString(extents);
  }
}
