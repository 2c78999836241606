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
