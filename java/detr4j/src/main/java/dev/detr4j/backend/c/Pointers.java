package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.error.BackendException;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Pointers for the fields of parameter structs. */
final class Pointers {
  private Pointers() {}

  /** The first element of a view. */
  static MemorySegment to(TensorView view) {
    return MemorySegment.ofAddress(HostBuffer.address(view));
  }

  /** The memory, or NULL where there is none. */
  static MemorySegment to(@Nullable MemorySegment memory) {
    return memory == null ? MemorySegment.NULL : memory;
  }

  /**
   * The first element of a view whose elements the library expects without gaps.
   *
   * @throws BackendException when there are gaps
   */
  static MemorySegment toContiguous(BoundNode node, TensorView view) {
    if (!view.isContiguous()) {
      throw new BackendException(
          node.label()
              + ": backend c needs "
              + view.shape()
              + " without gaps between rows, got strides "
              + view.rowStride()
              + " and "
              + view.batchStride());
    }
    return to(view);
  }

  /** A copy of a table, for as long as the program lives. */
  static MemorySegment toCopy(Arena arena, int[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_INT, values);
  }

  /** A copy of a table, for as long as the program lives. */
  static MemorySegment toCopy(Arena arena, float[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }
}
