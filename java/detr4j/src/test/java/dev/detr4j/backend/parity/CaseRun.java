package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs cases on a backend and checks that nothing but the results was written. */
final class CaseRun {
  /** How rows and batch items follow each other. */
  enum Layout {
    PACKED(0, 0),
    /** Gaps, filled with NaN in inputs and watched in outputs. */
    STRIDED(5, 19);

    private final int rowGap;
    private final int batchGap;

    Layout(int rowGap, int batchGap) {
      this.rowGap = rowGap;
      this.batchGap = batchGap;
    }
  }

  /** A NaN that no kernel makes, so that a gap that was written is seen. */
  private static final int GAP = 0x7fc5a5a5;

  /** A tensor with its view, and the bytes that its span holds before the run. */
  private record Placed(CaseTensor tensor, TensorView view, MemorySegment image) {}

  private CaseRun() {}

  /** The results of a case, one array for each output. */
  static List<double[]> run(Backend backend, OpCase test, Layout layout, CaseMemory memory) {
    String refusal = backend.refusal(test.op());
    if (refusal != null) {
      throw new AssertionError(test + ": refused: " + refusal);
    }
    try (Queue queue = backend.newQueue();
        Arena arena = Arena.ofConfined()) {
      List<Placed> inputs = new ArrayList<>();
      for (CaseTensor tensor : test.inputs()) {
        inputs.add(place(tensor, layout, memory, arena));
      }
      List<OpSpec.Output> specs =
          test.op().outputs(test.inputs().stream().map(CaseTensor::shape).toList());
      List<Placed> outputs = new ArrayList<>();
      for (int i = 0; i < specs.size(); i++) {
        Integer alias = test.aliases().get(i);
        outputs.add(
            alias != null
                ? inputs.get(alias)
                : place(empty(specs.get(i), test), layout, memory, arena));
      }
      for (Placed placed : inputs) {
        upload(queue, placed);
      }
      for (Placed placed : outputs) {
        upload(queue, placed);
      }
      BoundNode node =
          new BoundNode(
              test.name(),
              test.op(),
              inputs.stream().map(Placed::view).toList(),
              test.weights(),
              outputs.stream().map(Placed::view).toList());
      try (Program program = queue.compile(List.of(node))) {
        queue.submit(program);
        queue.synchronise();
      }
      for (int i = 0; i < inputs.size(); i++) {
        if (!outputs.contains(inputs.get(i))) {
          unchanged(queue, inputs.get(i), arena, test + ": input " + i + " was written to");
        }
      }
      List<double[]> results = new ArrayList<>();
      for (int i = 0; i < outputs.size(); i++) {
        results.add(result(queue, outputs.get(i), arena, test + ": output " + i));
      }
      return results;
    }
  }

  /**
   * An output before the run. Lists of scores or indices and what {@link OpCases#isDense} names are
   * never strided.
   */
  private static CaseTensor empty(OpSpec.Output spec, OpCase test) {
    double[] values = new double[Math.toIntExact(spec.shape().elements())];
    Arrays.fill(values, spec.type() == ElementType.F32 ? Double.NaN : -77);
    boolean dense = spec.shape().rank() == 2 || OpCases.isDense(test.op());
    return new CaseTensor(spec.type(), spec.shape(), values, dense);
  }

  private static Placed place(CaseTensor tensor, Layout layout, CaseMemory memory, Arena arena) {
    Shape shape = tensor.shape();
    long rows = 1;
    for (int i = 1; i < shape.rank() - 1; i++) {
      rows *= shape.get(i);
    }
    long rowStride = (long) shape.last() + (tensor.dense() ? 0 : layout.rowGap);
    long batchStride = rows * rowStride + (tensor.dense() ? 0 : layout.batchGap);
    int size = tensor.type().bytes();
    long span = ((shape.get(0) - 1L) * batchStride + (rows - 1) * rowStride + shape.last()) * size;
    CaseMemory.Place place = memory.allocate(span);
    TensorView view =
        new TensorView(
            place.buffer(), place.offset(), tensor.type(), shape, rowStride, batchStride);
    MemorySegment image = arena.allocate(Math.max(span, 1), 64).asSlice(0, span);
    for (long i = 0; tensor.type() == ElementType.F32 && i < span / 4; i++) {
      image.setAtIndex(ValueLayout.JAVA_INT, i, GAP);
    }
    for (long i = 0; tensor.type() == ElementType.BF16 && i < span / 2; i++) {
      image.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (GAP >>> Short.SIZE));
    }
    for (int i = 0; i < tensor.values().length; i++) {
      long at = index(view, i);
      double value = tensor.values()[i];
      switch (tensor.type()) {
        case F32 -> image.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
        case I32 -> image.setAtIndex(ValueLayout.JAVA_INT, at, (int) value);
        case U8 -> image.set(ValueLayout.JAVA_BYTE, at, (byte) value);
        // The cases with inputs of bf16 have values that are exact in it.
        case BF16 ->
            image.setAtIndex(
                ValueLayout.JAVA_SHORT,
                at,
                (short) (Float.floatToRawIntBits((float) value) >>> Short.SIZE));
      }
    }
    return new Placed(tensor, view, image);
  }

  /** Where the element of this row-major number lies, in elements from the start of the view. */
  private static long index(TensorView view, long element) {
    long columns = view.columns();
    long row = element / columns;
    return row / view.rows() * view.batchStride()
        + row % view.rows() * view.rowStride()
        + element % columns;
  }

  private static void upload(Queue queue, Placed placed) {
    queue.upload(
        placed.image, 0, placed.view.buffer(), placed.view.offset(), placed.image.byteSize());
  }

  private static MemorySegment download(Queue queue, Placed placed, Arena arena) {
    MemorySegment bytes = arena.allocate(Math.max(placed.image.byteSize(), 1), 64);
    queue.download(placed.view.buffer(), placed.view.offset(), bytes, 0, placed.image.byteSize());
    queue.synchronise();
    return bytes.asSlice(0, placed.image.byteSize());
  }

  private static void unchanged(Queue queue, Placed placed, Arena arena, String what) {
    long mismatch = download(queue, placed, arena).mismatch(placed.image);
    if (mismatch >= 0) {
      throw new AssertionError(what + " at byte " + mismatch);
    }
  }

  private static double[] result(Queue queue, Placed placed, Arena arena, String what) {
    MemorySegment bytes = download(queue, placed, arena);
    double[] values = new double[placed.tensor.values().length];
    for (int i = 0; i < values.length; i++) {
      long at = index(placed.view, i);
      values[i] =
          switch (placed.tensor.type()) {
            case F32 -> bytes.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            case BF16 ->
                Float.intBitsToFloat(bytes.getAtIndex(ValueLayout.JAVA_SHORT, at) << Short.SIZE);
            case I32 -> bytes.getAtIndex(ValueLayout.JAVA_INT, at);
            case U8 -> Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, at));
          };
      if (placed.tensor.type() == ElementType.F32) {
        bytes.setAtIndex(ValueLayout.JAVA_INT, at, GAP);
      }
    }
    for (long i = 0; placed.tensor.type() == ElementType.F32 && i < bytes.byteSize() / 4; i++) {
      if (bytes.getAtIndex(ValueLayout.JAVA_INT, i) != GAP) {
        throw new AssertionError(what + ": the gap at element " + i + " was written to");
      }
    }
    return values;
  }
}
