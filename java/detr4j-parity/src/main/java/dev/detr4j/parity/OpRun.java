package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.error.CheckpointException;
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

/** Runs one operation on a backend, with packed inputs and outputs. */
final class OpRun {
  /** An input: its elements in host memory, packed, in native byte order. */
  record Input(ElementType type, Shape shape, MemorySegment elements) {
    /** Fp32 values. */
    static Input of(Shape shape, float[] values) {
      return new Input(ElementType.F32, shape, MemorySegment.ofArray(values));
    }

    /** Values that are narrowed to fp32. */
    static Input of(Shape shape, double[] values) {
      float[] narrowed = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        narrowed[i] = (float) values[i];
      }
      return of(shape, narrowed);
    }

    /** Integers. */
    static Input of(Shape shape, int[] values) {
      return new Input(ElementType.I32, shape, MemorySegment.ofArray(values));
    }
  }

  private OpRun() {}

  /**
   * Runs the operation.
   *
   * @return the packed outputs in memory of {@code arena}, in order
   * @throws BackendException when the backend does not take the operation
   * @throws CheckpointException when the inputs do not fit the operation or each other
   */
  static List<MemorySegment> run(
      Backend backend, String label, OpSpec op, List<Input> inputs, Arena arena) {
    String refusal = backend.refusal(op);
    if (refusal != null) {
      throw new BackendException(label + ": " + refusal);
    }
    List<OpSpec.Output> outputs;
    try {
      outputs = op.outputs(inputs.stream().map(Input::shape).toList());
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(label + ": " + e.getMessage(), e);
    }
    List<Buffer> buffers = new ArrayList<>();
    try (Queue queue = backend.newQueue()) {
      List<TensorView> from = new ArrayList<>();
      for (Input input : inputs) {
        TensorView view = packed(backend, input.type(), input.shape(), buffers);
        if (input.elements().byteSize() != view.spanBytes()) {
          throw new CheckpointException(
              "%s: an input of shape %s has %d bytes, expected %d"
                  .formatted(label, input.shape(), input.elements().byteSize(), view.spanBytes()));
        }
        queue.upload(input.elements(), 0, view.buffer(), view.offset(), view.spanBytes());
        from.add(view);
      }
      List<TensorView> to = new ArrayList<>();
      for (OpSpec.Output output : outputs) {
        to.add(packed(backend, output.type(), output.shape(), buffers));
      }
      try (Program program = queue.compile(List.of(new BoundNode(label, op, from, to)))) {
        queue.submit(program);
        List<MemorySegment> results = new ArrayList<>();
        for (TensorView view : to) {
          MemorySegment host = arena.allocate(Math.max(4, view.spanBytes()), 64);
          queue.download(view.buffer(), view.offset(), host, 0, view.spanBytes());
          results.add(host);
        }
        queue.synchronise();
        return results;
      }
    } finally {
      buffers.forEach(Buffer::close);
    }
  }

  /** The largest absolute difference; infinite where only one of two values is a number. */
  static double worst(double worstYet, double actual, double expected) {
    double error = actual == expected ? 0 : Math.abs(actual - expected);
    if (Double.isNaN(error)) {
      error = Double.isNaN(actual) && Double.isNaN(expected) ? 0 : Double.POSITIVE_INFINITY;
    }
    return Math.max(worstYet, error);
  }

  /** Element {@code i} of an F32 output. */
  static float at(MemorySegment output, long i) {
    return output.getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }

  private static TensorView packed(
      Backend backend, ElementType type, Shape shape, List<Buffer> buffers) {
    Buffer buffer = backend.allocate(Math.max(64, shape.elements() * type.bytes()));
    buffers.add(buffer);
    long perItem = shape.get(0) == 0 ? 0 : shape.elements() / shape.get(0);
    return new TensorView(buffer, 0, type, shape, shape.last(), perItem);
  }
}
