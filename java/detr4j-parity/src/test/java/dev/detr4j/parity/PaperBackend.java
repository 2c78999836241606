package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.StopSignal;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A backend on paper: it takes every operation and runs none, and its buffers have no bytes. */
final class PaperBackend implements Backend {
  private static final class PaperBuffer implements Buffer {
    private final long bytes;

    PaperBuffer(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public long byteSize() {
      return bytes;
    }

    @Override
    public void close() {}
  }

  private static final class PaperQueue implements Queue {
    @Override
    public Program compile(List<BoundNode> nodes) {
      return () -> {};
    }

    @Override
    public void upload(
        MemorySegment host, long hostOffset, Buffer buffer, long offset, long bytes) {}

    @Override
    public void submit(Program program) {}

    @Override
    public void askBetweenSteps(@Nullable StopSignal signal) {}

    @Override
    public void measure(Program program, long[] nanoseconds) {}

    @Override
    public void download(
        Buffer buffer, long offset, MemorySegment host, long hostOffset, long bytes) {}

    @Override
    public void synchronise() {}

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public void close() {}
  }

  @Override
  public BackendKind kind() {
    return BackendKind.REFERENCE;
  }

  @Override
  public String device() {
    return "paper";
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
    return new PaperBuffer(bytes);
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
    return new PaperQueue();
  }

  @Override
  public void close() {}
}
