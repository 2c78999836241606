package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A backend without a device: counts the bytes that are allocated and not yet freed. */
final class CountedBackend implements Backend {
  final AtomicLong live = new AtomicLong();
  final AtomicInteger allocations = new AtomicInteger();

  private final class Counted implements Buffer {
    private final long bytes;
    private boolean closed;

    Counted(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public long byteSize() {
      return bytes;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        live.addAndGet(-bytes);
      }
    }
  }

  @Override
  public BackendKind kind() {
    return BackendKind.REFERENCE;
  }

  @Override
  public String device() {
    return "none";
  }

  @Override
  public String instructionSet() {
    return "none";
  }

  @Override
  public @Nullable String refusal(OpSpec op) {
    return null;
  }

  @Override
  public Buffer allocate(long bytes) {
    allocations.incrementAndGet();
    live.addAndGet(bytes);
    return new Counted(bytes);
  }

  @Override
  public MemorySegment hostMemory(Arena arena, long bytes) {
    return arena.allocate(bytes, 64);
  }

  @Override
  public long weightBytes() {
    return 0;
  }

  @Override
  public Queue newQueue() {
    return new IdleQueue();
  }

  @Override
  public void close() {}
}
