package dev.detr4j.backend.reference;

import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The elements of a view, addressed by batch item, row and column. */
final class Elements {
  private final MemorySegment segment;
  private final long rowStride;
  private final long batchStride;

  Elements(TensorView view) {
    segment = HostBuffer.segment(view);
    rowStride = view.rowStride();
    batchStride = view.batchStride();
  }

  private long index(int item, long row, int column) {
    return item * batchStride + row * rowStride + column;
  }

  float f32(int item, long row, int column) {
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index(item, row, column));
  }

  void f32(int item, long row, int column, float value) {
    segment.setAtIndex(ValueLayout.JAVA_FLOAT, index(item, row, column), value);
  }

  int i32(int item, long row, int column) {
    return segment.getAtIndex(ValueLayout.JAVA_INT, index(item, row, column));
  }

  void i32(int item, long row, int column, int value) {
    segment.setAtIndex(ValueLayout.JAVA_INT, index(item, row, column), value);
  }

  int u8(int item, long row, int column) {
    return Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, index(item, row, column)));
  }

  /** Copies {@code count} columns of a row, from {@code column} on, to {@code target[at ..]}. */
  void read(int item, long row, int column, int count, double[] target, int at) {
    long from = index(item, row, column);
    for (int i = 0; i < count; i++) {
      target[at + i] = segment.getAtIndex(ValueLayout.JAVA_FLOAT, from + i);
    }
  }
}
