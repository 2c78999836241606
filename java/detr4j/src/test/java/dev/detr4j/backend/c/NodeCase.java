package dev.detr4j.backend.c;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
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
 * An operation with inputs, to be run on any backend.
 *
 * <p>F32 tensors lie in wider matrices with room between their rows and batch items, so that a
 * stride that is not passed on shows; the gaps of the outputs must stay as they were.
 */
final class NodeCase {
  /** A tensor's values, row-major, as numbers of any type. */
  record Values(ElementType type, Shape shape, double[] data) {
    static Values f32(Shape shape, double... data) {
      return new Values(ElementType.F32, shape, data);
    }

    static Values i32(Shape shape, double... data) {
      return new Values(ElementType.I32, shape, data);
    }

    static Values u8(Shape shape, double... data) {
      return new Values(ElementType.U8, shape, data);
    }
  }

  private static final int GAP = 3;
  private static final float UNTOUCHED = -77;

  private final OpSpec op;
  private final WeightedOp<?> weighted;
  private final List<Values> inputs;
  private final boolean strided;
  private final boolean lastContiguous;

  private NodeCase(
      WeightedOp<?> weighted, List<Values> inputs, boolean strided, boolean lastContiguous) {
    this.op = weighted.op();
    this.weighted = weighted;
    this.inputs = inputs;
    this.strided = strided;
    this.lastContiguous = lastContiguous;
  }

  static NodeCase of(OpSpec op, Values... inputs) {
    return of(WeightedOp.of(op), inputs);
  }

  static NodeCase of(WeightedOp<?> op, Values... inputs) {
    return new NodeCase(op, List.of(inputs), true, false);
  }

  /** The same with the last input contiguous, which some operations ask for. */
  NodeCase lastContiguous() {
    return new NodeCase(weighted, inputs, strided, true);
  }

  /** The same with all tensors contiguous. */
  NodeCase contiguous() {
    return new NodeCase(weighted, inputs, false, false);
  }

  OpSpec op() {
    return op;
  }

  @Override
  public String toString() {
    return op.toString();
  }

  /** Binds the operation on a backend; the buffers are closed with the result. */
  Bound bind(Backend backend) {
    return new Bound(backend);
  }

  /** Runs once and returns the outputs. */
  List<double[]> run(Backend backend) {
    try (Bound bound = bind(backend)) {
      bound.run();
      return bound.outputs();
    }
  }

  /** Runs on both and compares, integers exactly. */
  void assertSame(Backend expected, Backend actual, double tolerance) {
    List<double[]> wanted = run(expected);
    List<double[]> got = run(actual);
    for (int i = 0; i < wanted.size(); i++) {
      for (int j = 0; j < wanted.get(i).length; j++) {
        double a = wanted.get(i)[j];
        double b = got.get(i)[j];
        int output = i;
        int element = j;
        assertEquals(a, b, tolerance, () -> op + ": output " + output + ", element " + element);
      }
    }
  }

  /** Tensors in buffers of one backend, and the program over them. */
  final class Bound implements AutoCloseable {
    private final Program program;
    private final Backend backend;
    private final Queue queue;
    private final List<Buffer> buffers = new ArrayList<>();
    private final List<TensorView> results = new ArrayList<>();

    private Bound(Backend backend) {
      this.backend = backend;
      this.queue = backend.newQueue();
      List<TensorView> places = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        Values input = inputs.get(i);
        boolean last = i == inputs.size() - 1;
        TensorView view = place(input.type, input.shape, strided && !(last && lastContiguous));
        store(view, input.data);
        places.add(view);
      }
      for (OpSpec.Output output : op.outputs(inputs.stream().map(Values::shape).toList())) {
        TensorView view = place(output.type(), output.shape(), strided);
        fill(view);
        results.add(view);
      }
      BoundNode node = new BoundNode("case", op, places, weighted.weights(), results);
      program = queue.compile(List.of(node));
    }

    void run() {
      queue.submit(program);
    }

    List<double[]> outputs() {
      return results.stream().map(this::load).toList();
    }

    private TensorView place(ElementType type, Shape shape, boolean gaps) {
      boolean wide = gaps && type == ElementType.F32 && shape.rank() > 2;
      long rowStride = (long) shape.last() + (wide ? GAP : 0);
      long rows = shape.elements() / shape.last() / shape.get(0);
      long batchStride = rows * rowStride + (wide ? GAP : 0);
      Buffer buffer = backend.allocate(shape.get(0) * batchStride * type.bytes() + 64);
      buffers.add(buffer);
      return new TensorView(buffer, 0, type, shape, rowStride, batchStride);
    }

    private void fill(TensorView view) {
      if (view.type() == ElementType.F32) {
        try (Arena arena = Arena.ofConfined()) {
          long count = view.buffer().byteSize() / 4;
          MemorySegment host = arena.allocate(4 * count, 4);
          for (long i = 0; i < count; i++) {
            host.setAtIndex(ValueLayout.JAVA_FLOAT, i, UNTOUCHED);
          }
          queue.upload(host, 0, view.buffer(), 0, 4 * count);
        }
      }
    }

    private void store(TensorView view, double[] data) {
      assertEquals(view.shape().elements(), data.length, "test data");
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment host = arena.allocate(view.spanBytes(), 64);
        for (int i = 0; i < data.length; i++) {
          long at = position(view, i);
          switch (view.type()) {
            case F32 -> host.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) data[i]);
            case I32 -> host.setAtIndex(ValueLayout.JAVA_INT, at, (int) data[i]);
            case U8 -> host.set(ValueLayout.JAVA_BYTE, at, (byte) (int) data[i]);
            case BF16 -> throw new IllegalArgumentException("cases are fp32");
          }
        }
        queue.upload(host, 0, view.buffer(), 0, view.spanBytes());
      }
    }

    private double[] load(TensorView view) {
      try (Arena arena = Arena.ofConfined()) {
        long bytes = view.buffer().byteSize();
        MemorySegment host = arena.allocate(bytes, 64);
        queue.download(view.buffer(), 0, host, 0, bytes);
        queue.synchronise();
        double[] data = new double[Math.toIntExact(view.shape().elements())];
        for (int i = 0; i < data.length; i++) {
          long at = position(view, i);
          if (view.type() == ElementType.F32) {
            data[i] = host.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            host.setAtIndex(ValueLayout.JAVA_FLOAT, at, UNTOUCHED);
          } else {
            data[i] = host.getAtIndex(ValueLayout.JAVA_INT, at);
          }
        }
        for (long i = 0; view.type() == ElementType.F32 && i < bytes / 4; i++) {
          long place = i;
          assertTrue(
              host.getAtIndex(ValueLayout.JAVA_FLOAT, i) == UNTOUCHED,
              () -> op + " wrote between its rows, at " + place);
        }
        return data;
      }
    }

    private static long position(TensorView view, int element) {
      long columns = view.columns();
      long row = element / columns;
      long item = row / view.rows();
      return item * view.batchStride() + row % view.rows() * view.rowStride() + element % columns;
    }

    @Override
    public void close() {
      program.close();
      queue.close();
      buffers.forEach(Buffer::close);
    }
  }
}
