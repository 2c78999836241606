package dev.detr4j.tensor;

/**
 * A tensor placed in a buffer: a shape, where it starts, and how far apart its rows and batch items
 * are.
 *
 * <p>The first extent counts batch items, the last counts the contiguous elements of one row, those
 * between count rows. Row {@code r} of item {@code n} starts at element {@code n * batchStride + r
 * * rowStride} after {@code offset}. So a level of a token sequence, or some columns of a wider
 * matrix, is a view and not a copy.
 *
 * @param buffer the memory
 * @param offset bytes from the start of the buffer, a multiple of the element size
 * @param type the element type
 * @param shape extents, rank at least 2
 * @param rowStride elements from one row to the next, at least {@code shape.last()}
 * @param batchStride elements from one batch item to the next
 */
public record TensorView(
    Buffer buffer, long offset, ElementType type, Shape shape, long rowStride, long batchStride) {
  /** Checks that every element lies inside the buffer. */
  public TensorView {
    if (shape.rank() < 2) {
      throw new IllegalArgumentException("a view has rank 2 or more, got " + shape);
    }
    long last = offset;
    if (shape.elements() > 0) {
      long rows = rowsPerItem(shape);
      last +=
          ((shape.get(0) - 1L) * batchStride + (rows - 1) * rowStride + shape.last())
              * type.bytes();
    }
    if (offset < 0
        || offset % type.bytes() != 0
        || rowStride < shape.last()
        || last > buffer.byteSize()) {
      throw new IllegalArgumentException(
          "view "
              + shape
              + " at byte "
              + offset
              + " with strides "
              + rowStride
              + ", "
              + batchStride
              + " does not fit a buffer of "
              + buffer.byteSize()
              + " bytes");
    }
  }

  /** Batch items. */
  public int batch() {
    return shape.get(0);
  }

  /** Rows in one batch item. */
  public long rows() {
    return rowsPerItem(shape);
  }

  /** Elements in one row. */
  public int columns() {
    return shape.last();
  }

  /** Whether the elements follow each other without gaps. */
  public boolean isContiguous() {
    return rowStride == shape.last() && (shape.get(0) == 1 || batchStride == rows() * rowStride);
  }

  /** Bytes from the first to the last element. */
  public long spanBytes() {
    return shape.elements() == 0
        ? 0
        : ((batch() - 1L) * batchStride + (rows() - 1) * rowStride + columns()) * type.bytes();
  }

  private static long rowsPerItem(Shape shape) {
    long rows = 1;
    for (int i = 1; i < shape.rank() - 1; i++) {
      rows *= shape.get(i);
    }
    return rows;
  }
}
