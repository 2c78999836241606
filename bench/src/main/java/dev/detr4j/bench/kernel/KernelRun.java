package dev.detr4j.bench.kernel;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A case bound to a backend: packed inputs uploaded, weights packed, ready to run.
 *
 * <p>For one thread. Closing leaves the backend open; it belongs to whoever opened it.
 */
final class KernelRun implements AutoCloseable {
  private final Backend backend;
  private final Queue queue;
  private final List<Buffer> buffers = new ArrayList<>();
  private final List<TensorView> outputs = new ArrayList<>();
  private final Program program;

  KernelRun(Backend backend, KernelCase kernel) {
    this.backend = backend;
    String refusal = backend.refusal(kernel.op());
    if (refusal != null) {
      throw new BackendException(kernel.name() + ": " + refusal);
    }
    queue = backend.newQueue();
    try {
      List<TensorView> inputs = new ArrayList<>();
      for (KernelInput input : kernel.inputs()) {
        inputs.add(upload(input));
      }
      for (OpSpec.Output output : kernel.outputs()) {
        outputs.add(packed(output.type(), output.shape()));
      }
      BoundNode node =
          new BoundNode(kernel.name(), kernel.op(), inputs, kernel.weighted().weights(), outputs);
      program = queue.compile(List.of(node));
    } catch (RuntimeException e) {
      queue.close();
      buffers.forEach(Buffer::close);
      throw e;
    }
  }

  private TensorView upload(KernelInput input) {
    TensorView view = packed(input.type(), input.shape());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(Math.max(4, input.byteSize()), 64);
      input.fill().fill(host);
      queue.upload(host, 0, view.buffer(), 0, view.spanBytes());
    }
    return view;
  }

  private TensorView packed(ElementType type, Shape shape) {
    Buffer buffer = backend.allocate(Math.max(64, shape.elements() * type.bytes()));
    buffers.add(buffer);
    return new TensorView(buffer, 0, type, shape, shape.last(), shape.elements() / shape.get(0));
  }

  /** Runs the operation once. Allocates nothing. */
  void run() {
    queue.submit(program);
  }

  /** An F32 output of the last run. */
  float[] floats(int output) {
    try (Arena arena = Arena.ofConfined()) {
      return download(output, arena).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** An I32 output of the last run. */
  int[] integers(int output) {
    try (Arena arena = Arena.ofConfined()) {
      return download(output, arena).toArray(ValueLayout.JAVA_INT);
    }
  }

  private MemorySegment download(int output, Arena arena) {
    TensorView view = outputs.get(output);
    MemorySegment host = arena.allocate(Math.max(4, view.spanBytes()), 64);
    queue.download(view.buffer(), view.offset(), host, 0, view.spanBytes());
    queue.synchronise();
    return host.asSlice(0, view.spanBytes());
  }

  @Override
  public void close() {
    program.close();
    queue.close();
    buffers.forEach(Buffer::close);
  }
}
