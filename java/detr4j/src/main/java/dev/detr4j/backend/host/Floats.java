package dev.detr4j.backend.host;

import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The fp32 elements of a view, for kernels in Java that touch few of them. */
final class Floats {
  private final MemorySegment segment;
  private final long rowStride;
  private final long batchStride;

  Floats(TensorView view) {
    segment = HostBuffer.segment(view);
    rowStride = view.rowStride();
    batchStride = view.batchStride();
  }

  float get(int item, long row, int column) {
    return segment.getAtIndex(
        ValueLayout.JAVA_FLOAT_UNALIGNED, item * batchStride + row * rowStride + column);
  }

  void set(int item, long row, int column, float value) {
    segment.setAtIndex(
        ValueLayout.JAVA_FLOAT_UNALIGNED, item * batchStride + row * rowStride + column, value);
  }

  /** Reads rows from {@code row} on into an array, without gaps. */
  void read(int item, long row, int rows, int columns, float[] to) {
    read(item, row, rows, columns, to, ValueLayout.JAVA_FLOAT_UNALIGNED);
  }

  /** As above, their bits. */
  void read(int item, long row, int rows, int columns, int[] to) {
    read(item, row, rows, columns, to, ValueLayout.JAVA_INT_UNALIGNED);
  }

  private void read(int item, long row, int rows, int columns, Object to, ValueLayout layout) {
    long from = item * batchStride + row * rowStride;
    boolean whole = rowStride == columns;
    for (int i = 0; i < (whole ? 1 : rows); i++) {
      MemorySegment.copy(
          segment,
          layout,
          4 * (from + i * rowStride),
          to,
          i * columns,
          whole ? rows * columns : columns);
    }
  }

  /** Writes rows from {@code row} on, which lie in an array without gaps. */
  void write(int item, long row, int rows, int columns, float[] from) {
    long to = item * batchStride + row * rowStride;
    boolean whole = rowStride == columns;
    for (int i = 0; i < (whole ? 1 : rows); i++) {
      MemorySegment.copy(
          from,
          i * columns,
          segment,
          ValueLayout.JAVA_FLOAT_UNALIGNED,
          4 * (to + i * rowStride),
          whole ? rows * columns : columns);
    }
  }

  void zero(int item, long row, int count) {
    segment.asSlice(4 * (item * batchStride + row * rowStride), 4L * count).fill((byte) 0);
  }

  void copy(int item, long row, Floats from, int fromItem, long fromRow, int count) {
    MemorySegment.copy(
        from.segment,
        4 * (fromItem * from.batchStride + fromRow * from.rowStride),
        segment,
        4 * (item * batchStride + row * rowStride),
        4L * count);
  }
}
