package dev.detr4j.backend.vector;

import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.tensor.TensorView;

/**
 * A tensor as addresses: where its first row is, and how many bytes apart rows and batch items are.
 */
record Rows(long address, long pitch, long batchPitch) {
  static Rows of(TensorView view) {
    int bytes = view.type().bytes();
    return new Rows(HostBuffer.address(view), bytes * view.rowStride(), bytes * view.batchStride());
  }

  /** The tensor that is not there. */
  static Rows none() {
    return new Rows(0, 0, 0);
  }

  long row(long item, long row) {
    return address + item * batchPitch + row * pitch;
  }

  /** The address of a row, or 0 when the tensor is not there. */
  long rowOrZero(long item, long row) {
    return address == 0 ? 0 : row(item, row);
  }
}
