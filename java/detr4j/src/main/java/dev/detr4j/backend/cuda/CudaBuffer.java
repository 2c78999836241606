package dev.detr4j.backend.cuda;

import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** Memory of a device. */
final class CudaBuffer implements Buffer {
  private final CudaBackend backend;
  private final MemorySegment memory;
  private final long bytes;
  private boolean closed;

  CudaBuffer(CudaBackend backend, long bytes) {
    this.backend = backend;
    this.bytes = bytes;
    this.memory = backend.zeroed(bytes);
  }

  /** The device address of a byte. */
  long address(long offset) {
    return memory.address() + offset;
  }

  /** The device address of the first element of a view. */
  static long address(TensorView view) {
    return ((CudaBuffer) view.buffer()).address(view.offset());
  }

  @Override
  public long byteSize() {
    return bytes;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      backend.memory().free(memory);
    }
  }
}
