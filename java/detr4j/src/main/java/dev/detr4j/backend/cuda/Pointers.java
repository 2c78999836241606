package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.error.BackendException;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** Device pointers for the fields of parameter structs. */
final class Pointers {
  private Pointers() {}

  /** The first element of a view. */
  static MemorySegment to(TensorView view) {
    return MemorySegment.ofAddress(CudaBuffer.address(view));
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
              + ": backend cuda needs "
              + view.shape()
              + " without gaps between rows, got strides "
              + view.rowStride()
              + " and "
              + view.batchStride());
    }
    return to(view);
  }
}
