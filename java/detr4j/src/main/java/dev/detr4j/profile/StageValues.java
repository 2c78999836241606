package dev.detr4j.profile;

import dev.detr4j.tensor.Shape;

/**
 * The fp32 values that a network computed at one stage for one image.
 *
 * @param name name of the stage
 * @param shape shape without the batch: {@code [queries, columns]} for values of queries, {@code
 *     [tokens, channels]}, or {@code [height, width, channels]} for a map
 * @param values row-major, without gaps
 */
public record StageValues(String name, Shape shape, float[] values) {
  /** The number of elements in one row, the last extent. */
  public int columns() {
    return shape.last();
  }

  /** The number of rows. */
  public int rows() {
    return values.length / columns();
  }

  /** An element of a row. */
  public float get(int row, int column) {
    return values[row * columns() + column];
  }
}
