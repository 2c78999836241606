package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.StopSignal;
import dev.detr4j.runtime.WorkerPool;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A queue of the host's processors: each command runs when it is given. */
final class HostQueue implements Queue {
  private final HostBackend backend;
  private final WorkerPool pool;
  private final WorkingMemory memory;
  private @Nullable StopSignal signal;

  HostQueue(HostBackend backend, WorkerPool pool) {
    this.backend = backend;
    this.pool = pool;
    this.memory = new WorkingMemory(pool.threads());
  }

  @Override
  public Program compile(List<BoundNode> nodes) {
    return new HostProgram(nodes, backend, pool, memory);
  }

  @Override
  public void upload(MemorySegment host, long hostOffset, Buffer buffer, long offset, long bytes) {
    MemorySegment.copy(host, hostOffset, ((HostBuffer) buffer).segment(), offset, bytes);
  }

  @Override
  public void submit(Program program) {
    of(program).run(null, signal);
  }

  @Override
  public void askBetweenSteps(@Nullable StopSignal stop) {
    signal = stop;
  }

  @Override
  public void measure(Program program, long[] nanoseconds) {
    of(program).run(nanoseconds, signal);
  }

  @Override
  public void download(
      Buffer buffer, long offset, MemorySegment host, long hostOffset, long bytes) {
    MemorySegment.copy(((HostBuffer) buffer).segment(), offset, host, hostOffset, bytes);
  }

  @Override
  public void synchronise() {}

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public void close() {
    memory.close();
  }

  private HostProgram of(Program program) {
    HostProgram own = (HostProgram) program;
    if (own.memory() != memory) {
      throw new IllegalArgumentException("this program was compiled by another queue");
    }
    return own;
  }
}
