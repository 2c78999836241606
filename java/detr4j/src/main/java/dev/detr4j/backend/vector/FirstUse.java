package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.RowMax;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.SoftNms.Decay;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Loads every class of the Vector API that the kernels use, before any kernel is compiled.
 *
 * <p>C2 compiles a call of an abstract method with the only implementation loaded so far and throws
 * the code away when a second one comes: when integer vectors appear, kernels of floats would be
 * compiled anew, without the profile of their first days and with larger code, which may box.
 */
final class FirstUse {
  private FirstUse() {}

  private record Zeros(String name, Shape shape) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      destination.fill((byte) 0);
    }
  }

  /** Runs one small instance of each kind of vector code on a backend of one thread. */
  static void loadClasses(HostBackend backend) {
    loadHeapSegments();
    int odd = 2 * RegisterTile.TILE_COLUMNS + 1;
    Linear square = Linear.of(odd, odd).withBias();
    run(backend, square.withActivation(Activation.GELU), Shape.of(1, 3, odd));
    run(backend, square.withActivation(Activation.SILU), Shape.of(1, 3, odd));
    run(backend, square.withActivation(Activation.RELU).withResidual(), of(2, 1, 3, odd));
    run(backend, LayerNorm.of(odd, 1), Shape.of(1, 2, odd));
    run(backend, new Attention(1, odd, 1, false), of(3, 1, 3, odd));
    run(backend, new RowMax(), Shape.of(1, 2, odd));
    run(backend, new MaxPool(2, 2, 0), Shape.of(1, 2, 2, odd));
    run(
        backend,
        new MsDeformAttention(1, 8 * Lanes.COUNT - 1, List.of(new LevelShape(2, 2)), 1, 4),
        Shape.of(1, 4, 8 * Lanes.COUNT - 1),
        Shape.of(1, 1, 2),
        Shape.of(1, 1, 1),
        Shape.of(1, 1, 4),
        Shape.of(1, 1, 2));
    for (Decay decay : Decay.values()) {
      run(
          backend,
          new SoftNms(decay, 1, 0.5f, -1),
          Shape.of(1, 2, 4),
          Shape.of(1, 2),
          Shape.of(1, 2));
    }
  }

  /**
   * Segments of heap arrays: callers pass images in them, and the first one ever made would throw
   * away every kernel, because until then native segments are the only implementation.
   */
  private static void loadHeapSegments() {
    List<MemorySegment> kinds =
        List.of(
            MemorySegment.ofArray(new byte[1]),
            MemorySegment.ofArray(new short[1]),
            MemorySegment.ofArray(new int[1]),
            MemorySegment.ofArray(new long[1]),
            MemorySegment.ofArray(new float[1]),
            MemorySegment.ofArray(new double[1]));
    for (MemorySegment kind : kinds) {
      kind.fill((byte) 0);
    }
  }

  private static Shape[] of(int count, int... extents) {
    Shape[] shapes = new Shape[count];
    Arrays.fill(shapes, Shape.of(extents));
    return shapes;
  }

  private static void run(HostBackend backend, OpSpec op, Shape... inputs) {
    List<OpSpec.Output> outputs = op.outputs(List.of(inputs));
    long slot = 4096 * 16;
    try (Buffer buffer = backend.allocate(slot * (inputs.length + outputs.size()))) {
      List<TensorView> in = new ArrayList<>();
      List<TensorView> out = new ArrayList<>();
      for (int i = 0; i < inputs.length; i++) {
        in.add(view(buffer, slot * i, inputs[i], ElementType.F32));
      }
      for (int i = 0; i < outputs.size(); i++) {
        OpSpec.Output output = outputs.get(i);
        out.add(view(buffer, slot * (inputs.length + i), output.shape(), output.type()));
      }
      List<Weight> weights = new ArrayList<>();
      for (OpSpec.WeightSpec weight : op.weights()) {
        weights.add(new Zeros(weight.role(), weight.shape()));
      }
      BoundNode node = new BoundNode("first use", op, in, weights, out);
      try (Queue queue = backend.newQueue();
          Program program = queue.compile(List.of(node))) {
        queue.submit(program);
        queue.synchronise();
      }
    }
  }

  private static TensorView view(Buffer buffer, long offset, Shape shape, ElementType type) {
    long rows = shape.elements() / (shape.get(0) * (long) shape.last());
    return new TensorView(buffer, offset, type, shape, shape.last(), rows * shape.last());
  }
}
