package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.op.Attention;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The cases of operations with bf16 products, and what they are compared with: the reference on
 * inputs and weights that were rounded before.
 *
 * <p>The product of two bf16 numbers is exact in fp32, so the tolerance is that of the fp32 case.
 * Where Winograd rounds the transformed numbers instead, and attention the numerators of its
 * softmax, the tolerance follows from that; the C tests look at those kernels more sharply.
 */
final class Bf16Cases {
  private static final int FEWEST_WINOGRAD_CHANNELS = 16;

  private Bf16Cases() {}

  static List<OpCase> all() {
    return Stream.of(
            Convolution.class,
            Linear.class,
            Attention.class,
            MsDeformAttention.class,
            MaxPool.class)
        .flatMap(op -> OpCases.of(op).stream())
        .toList();
  }

  /** How many of the inputs are rounded, from the first one on. */
  static int roundedInputs(OpSpec op) {
    return op instanceof Attention ? 3 : 1;
  }

  static boolean isDepthwise(OpSpec op) {
    return op instanceof Convolution c && c.isDepthwise();
  }

  /** Compares a case in both layouts; throws an {@link AssertionError} that says what differs. */
  static void check(Backend bf16, Backend reference, OpCase test) {
    if (!bf16.operandTypes(test.op()).input(0, ElementType.F32).contains(ElementType.BF16)) {
      List<double[]> expected = run(reference, test, CaseRun.Layout.PACKED); // nothing is rounded
      for (CaseRun.Layout layout : CaseRun.Layout.values()) {
        Comparison.check(test, "c bf16 " + layout, expected, run(bf16, test, layout));
      }
      return;
    }
    OpCase rounded = mayUseWinograd(test.op()) ? ofTransformed(test) : rounded(test);
    List<double[]> expected = run(reference, rounded, CaseRun.Layout.PACKED);
    // The kernel gets the numbers as they are; but those of deformable attention and of maxima
    // round
    // none by themselves.
    OpCase given =
        test.op() instanceof MsDeformAttention || test.op() instanceof MaxPool
            ? with(test, test.op(), stored(rounded))
            : test;
    for (CaseRun.Layout layout : CaseRun.Layout.values()) {
      Comparison.check(rounded, "c bf16 " + layout, expected, run(bf16, given, layout));
    }
  }

  /** The same where the inputs that are rounded lie in memory as bf16. */
  static List<CaseTensor> stored(OpCase rounded) {
    List<CaseTensor> inputs = new ArrayList<>(rounded.inputs());
    for (int i = 0; i < roundedInputs(rounded.op()); i++) {
      CaseTensor x = inputs.get(i);
      inputs.set(i, new CaseTensor(ElementType.BF16, x.shape(), x.values(), x.dense()));
    }
    return inputs;
  }

  private static boolean mayUseWinograd(OpSpec op) {
    return op instanceof Convolution c
        && c.window().equals(KernelWindow.square(3).withPadding(c.window().padding()))
        && c.groups() == 1
        && Math.min(c.inChannels(), c.outChannels()) >= FEWEST_WINOGRAD_CHANNELS;
  }

  /**
   * V and U have relative errors of up to 2^-9, evenly spread; with the variances of {@link
   * ConvolutionCases} an output of C channels is off with a deviation of 2^-9 sqrt(2/3 2.8 C) = 1.4
   * 2^-9 sqrt(C), and twelve times 2^-9 sqrt(C) is eight deviations. A wrong product would be off
   * by a part of sqrt(C) itself.
   */
  private static OpCase ofTransformed(OpCase test) {
    double channels = ((Convolution) test.op()).inChannels();
    Tolerance tolerance = new Tolerance(12 * 0x1p-9 * Math.sqrt(channels), 8 * 0x1p-18);
    return test.with(tolerance);
  }

  private static OpCase rounded(OpCase test) {
    if (isDepthwise(test.op())) {
      return test; // depthwise convolutions stay fp32
    }
    List<Weight> weights = new ArrayList<>(test.weights());
    if (!weights.isEmpty()) {
      weights.set(0, rounded(weights.getFirst()));
    }
    OpCase rounded = test.with(new WeightedOp<>(test.op(), weights), roundedInput(test));
    return test.op() instanceof Attention
        ? rounded.with(withNumerators(test.tolerance()))
        : rounded;
  }

  /**
   * Values lie between -1 and 1 and weights add up to 1, so numerators that are off by up to 2^-8
   * of themselves move an output by up to that; they are off by 2^-9.4 of themselves in the mean
   * square, and with the weights of the smallest outputs that is 2^-16 of the mean square of all.
   */
  private static Tolerance withNumerators(Tolerance fp32) {
    return new Tolerance(fp32.maxAbs() + 0x1p-8, fp32.nmse() + 0x1p-16);
  }

  static List<CaseTensor> roundedInput(OpCase test) {
    List<CaseTensor> inputs = new ArrayList<>(test.inputs());
    for (int i = 0; i < roundedInputs(test.op()); i++) {
      CaseTensor x = inputs.get(i);
      double[] values = x.values().clone();
      for (int v = 0; v < values.length; v++) {
        values[v] = rounded((float) values[v]);
      }
      inputs.set(i, new CaseTensor(x.type(), x.shape(), values, x.dense()));
    }
    return inputs;
  }

  static OpCase with(OpCase test, OpSpec op, List<CaseTensor> inputs) {
    return test.with(new WeightedOp<>(op, test.weights()), inputs);
  }

  private static Weight rounded(Weight weight) {
    Shape shape = weight.shape();
    float[] values = new float[Math.toIntExact(shape.elements())];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(4L * Math.max(1, values.length), 4);
      weight.read(memory);
      MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = rounded(values[i]);
    }
    return new ArrayWeight(weight.name(), shape, values);
  }

  /**
   * To the nearest number with 8 significant bits, ties to even: x + 2^16 x - 2^16 x in arithmetic
   * that rounds to 24 bits. Veltkamp's splitting, 1969.
   */
  private static float rounded(float x) {
    if (!Float.isFinite(x)) {
      return x;
    }
    float wide = x * 65537f;
    return wide - (wide - x);
  }

  static List<double[]> run(Backend backend, OpCase test, CaseRun.Layout layout) {
    try (CaseMemory memory = CaseMemory.of(backend)) {
      return CaseRun.run(backend, test, layout, memory);
    }
  }
}
