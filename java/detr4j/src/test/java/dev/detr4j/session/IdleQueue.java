package dev.detr4j.session;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.StopSignal;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A queue that does nothing. */
final class IdleQueue implements Queue {
  @Override
  public Program compile(List<BoundNode> nodes) {
    return () -> {};
  }

  @Override
  public void upload(MemorySegment host, long hostOffset, Buffer buffer, long offset, long bytes) {}

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
