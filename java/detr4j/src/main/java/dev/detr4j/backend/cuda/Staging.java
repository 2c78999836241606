package dev.detr4j.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Host memory that a device copies from or to, handed out piece by piece until it is reset. */
final class Staging implements AutoCloseable {
  private static final long FIRST_BYTES = 64 << 10;

  private final CudaBackend backend;
  private Arena arena = Arena.ofShared();
  private MemorySegment memory;
  private long used;

  Staging(CudaBackend backend) {
    this.backend = backend;
    this.memory = backend.hostMemory(arena, FIRST_BYTES);
  }

  MemorySegment memory() {
    return memory;
  }

  /** The address of a byte. */
  long address(long offset) {
    return memory.address() + offset;
  }

  boolean fits(long bytes) {
    return bytes <= memory.byteSize() - used;
  }

  /** Room for at least so many bytes, all of it free; nobody uses what was handed out before. */
  void grow(long bytes) {
    if (bytes > memory.byteSize()) {
      Arena larger = Arena.ofShared();
      MemorySegment room = backend.hostMemory(larger, Math.max(bytes, 2 * memory.byteSize()));
      arena.close();
      arena = larger;
      memory = room;
    }
    used = 0;
  }

  /** The offset of a new piece, 64-byte aligned. */
  long take(long bytes) {
    long at = used;
    used = Math.min((used + bytes + 63) & -64L, memory.byteSize());
    return at;
  }

  /** Everything is free again. */
  void reset() {
    used = 0;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
