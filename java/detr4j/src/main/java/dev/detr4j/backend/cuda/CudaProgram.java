package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.ffi.generated.Detr4jCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Nodes that were recorded: a run is one downcall, whatever their number. Some nodes share a
 * launch, see {@link Launches}.
 */
final class CudaProgram implements Program {
  private final MemorySegment queue;
  private final CudaContext context;
  private final String[] labels;
  private final CudaStep[] steps;
  private final MemorySegment recorded;
  private final long launches;
  private boolean closed;

  CudaProgram(List<BoundNode> nodes, CudaBackend backend, MemorySegment queue) {
    this.queue = queue;
    this.context = new CudaContext(backend);
    this.labels = nodes.stream().map(BoundNode::label).toArray(String[]::new);
    this.steps = new CudaStep[labels.length];
    try {
      for (int i = 0; i < steps.length; i++) {
        steps[i] = backend.bind(nodes.get(i), context);
      }
      long before = Detr4jCuda.detr4j_cuda_queue_launches(queue);
      this.recorded = record(queue, Launches.of(nodes, steps, context.arena()));
      this.launches = Detr4jCuda.detr4j_cuda_queue_launches(queue) - before;
    } catch (Throwable e) {
      context.close();
      throw e;
    }
  }

  /** Also after an error the recording ends, so that the queue can be used again. */
  private MemorySegment record(MemorySegment on, List<Launches.Launch> launches) {
    CudaBackend.check(Detr4jCuda.detr4j_cuda_record(on), on, "recording");
    boolean complete = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment program = arena.allocate(ValueLayout.ADDRESS);
      try {
        for (Launches.Launch launch : launches) {
          CudaBackend.check(launch.step().enqueue(on), on, labels[launch.first()]);
        }
        complete = true;
      } finally {
        int status = Detr4jCuda.detr4j_cuda_recorded(on, program);
        if (complete) {
          CudaBackend.check(status, on, "recording");
        }
      }
      return MemorySegment.ofAddress(program.get(ValueLayout.ADDRESS, 0).address());
    }
  }

  boolean isOf(MemorySegment otherQueue) {
    return queue.address() == otherQueue.address();
  }

  void replay() {
    if (closed) {
      throw new IllegalStateException("the program is closed");
    }
    CudaBackend.check(Detr4jCuda.detr4j_cuda_replay(queue, recorded), queue, "a program");
  }

  /** Runs node by node and waits after each. */
  void measure(long[] nanoseconds) {
    for (int i = 0; i < steps.length; i++) {
      long start = System.nanoTime();
      CudaBackend.check(steps[i].enqueue(queue), queue, labels[i]);
      CudaBackend.check(Detr4jCuda.detr4j_cuda_wait(queue), queue, labels[i]);
      nanoseconds[i] += System.nanoTime() - start;
    }
  }

  @Override
  public long launches() {
    return launches;
  }

  boolean isClosed() {
    return closed;
  }

  /** Bytes of device memory that the kernels need for themselves. */
  long bytes() {
    return closed ? 0 : context.bytes();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Detr4jCuda.detr4j_cuda_wait(queue);
      Detr4jCuda.detr4j_cuda_program_close(recorded);
      context.close();
    }
  }
}
