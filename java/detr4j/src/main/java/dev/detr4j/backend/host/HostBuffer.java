package dev.detr4j.backend.host;

import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory of the host, 64-byte aligned and zeroed. Usable from every thread until closed.
 */
public final class HostBuffer implements Buffer {
  private final @Nullable Arena arena;
  private final MemorySegment segment;

  /**
   * Allocates {@code bytes} zeroed bytes.
   *
   * @throws dev.detr4j.error.BackendException when there is too little memory; the message names
   *     need and free memory
   */
  public HostBuffer(long bytes) {
    arena = Arena.ofShared();
    try {
      segment = HostMemory.allocate(arena, bytes, "tensors");
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Wraps native memory that somebody else owns; closing the buffer leaves it alone.
   *
   * @param segment 64-byte aligned
   */
  public HostBuffer(MemorySegment segment) {
    this.arena = null;
    this.segment = segment;
  }

  /** The memory. */
  public MemorySegment segment() {
    return segment;
  }

  /** The part of its buffer that a view spans, first to last element. */
  public static MemorySegment segment(TensorView view) {
    return ((HostBuffer) view.buffer()).segment.asSlice(view.offset(), view.spanBytes());
  }

  /** The address of the first element of a view. */
  public static long address(TensorView view) {
    return ((HostBuffer) view.buffer()).segment.address() + view.offset();
  }

  @Override
  public long byteSize() {
    return segment.byteSize();
  }

  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
  }
}
