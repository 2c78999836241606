package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Products in bf16: every case of convolutions and linear layers against the reference on inputs
 * and weights that were rounded before.
 *
 * <p>The product of two bf16 numbers is exact in fp32, so the tolerance is that of the fp32 case.
 * Where Winograd rounds the transformed numbers instead, the tolerance follows from that; the C
 * tests look at those kernels more sharply.
 */
class Bf16ProductsTest {
  private static final Variant BF16 =
      new Variant(BackendKind.C, new BackendOptions(2, null, 0).withPrecision(Precision.BF16));
  private static final Backend REFERENCE =
      new ReferenceBackendProvider().open(new BackendOptions(2, null, 0));
  private static final int FEWEST_WINOGRAD_CHANNELS = 16;

  private static Backend open;

  @AfterAll
  static void close() {
    if (open != null) {
      open.close();
    }
    REFERENCE.close();
  }

  @TestFactory
  Stream<?> matchesReferenceOnRoundedNumbers() {
    if (BF16.unavailable() != null) {
      return Stream.of(dynamicTest("bf16 products", () -> OpParityTest.assumeAvailable(BF16)));
    }
    return cases().stream().map(test -> dynamicTest(test.toString(), () -> check(test)));
  }

  /** Layers that make coordinates or scores are not touched: the very bits of fp32. */
  @Test
  void exactLayersStayExact() {
    OpParityTest.assumeAvailable(BF16);
    try (Backend fp32 = new Variant(BackendKind.C, new BackendOptions(2, null, 0)).open()) {
      for (OpCase test : OpCases.of(Linear.class)) {
        Linear op = ((Linear) test.op()).withExactProducts();
        OpCase exact = test.with(new WeightedOp<>(op, test.weights()), test.inputs());
        List<double[]> expected = run(fp32, exact, CaseRun.Layout.PACKED);
        List<double[]> actual = run(bf16(), exact, CaseRun.Layout.PACKED);
        for (int i = 0; i < expected.getFirst().length; i++) {
          assertEquals(expected.getFirst()[i], actual.getFirst()[i], test.name());
        }
      }
    }
  }

  /** A map that is stored as bf16 and one that is rounded when it is read: the very same bits. */
  @Test
  void storedInputsGiveTheSameBits() {
    OpParityTest.assumeAvailable(BF16);
    int stored = 0;
    for (OpCase test : cases()) {
      OpCase rounded = with(test, test.op(), roundedInput(test));
      if (!bf16().operandTypes(test.op()).input(0, ElementType.F32).contains(ElementType.BF16)
          || test.aliases().containsValue(0)) {
        continue;
      }
      stored++;
      List<CaseTensor> inputs = new ArrayList<>(rounded.inputs());
      CaseTensor x = inputs.getFirst();
      inputs.set(0, new CaseTensor(ElementType.BF16, x.shape(), x.values(), x.dense()));
      OpCase narrow = with(test, test.op(), inputs);
      for (CaseRun.Layout layout : CaseRun.Layout.values()) {
        assertArrayEquals(
            run(bf16(), rounded, layout).getFirst(),
            run(bf16(), narrow, layout).getFirst(),
            test.name() + " " + layout);
      }
    }
    assertTrue(stored > 50, stored + " cases");
  }

  /** What rounds takes and writes bf16, what is added and what stays fp32 does not. */
  @Test
  void proposesBf16WhereItRounds() {
    OpParityTest.assumeAvailable(BF16);
    for (OpCase test : cases()) {
      OperandTypes types = bf16().operandTypes(test.op());
      boolean rounds = !isDepthwise(test.op()) && !(test.op() instanceof Linear l && l.exact());
      ElementType products = rounds ? ElementType.BF16 : ElementType.F32;
      List<ElementType> maps =
          rounds ? List.of(ElementType.BF16, ElementType.F32) : List.of(ElementType.F32);
      assertEquals(products, types.products(), test.name());
      assertEquals(maps, types.input(0, ElementType.F32), test.name());
      assertEquals(maps, types.output(0, ElementType.F32), test.name());
      assertEquals(List.of(ElementType.F32), types.input(1, ElementType.F32), test.name());
      assertEquals(OperandTypes.AS_IN_GRAPH, REFERENCE.operandTypes(test.op()), test.name());
    }
  }

  private static List<OpCase> cases() {
    return Stream.of(Convolution.class, Linear.class)
        .flatMap(op -> OpCases.of(op).stream())
        .toList();
  }

  private static boolean isDepthwise(OpSpec op) {
    return op instanceof Convolution c && c.isDepthwise();
  }

  private static Backend bf16() {
    if (open == null) {
      open = BF16.open();
    }
    return open;
  }

  private static void check(OpCase test) {
    OpCase rounded = mayUseWinograd(test.op()) ? ofTransformed(test) : rounded(test);
    List<double[]> expected = run(REFERENCE, rounded, CaseRun.Layout.PACKED);
    for (CaseRun.Layout layout : CaseRun.Layout.values()) {
      // The kernel gets the numbers as they are.
      Comparison.check(rounded, "c bf16 " + layout, expected, run(bf16(), test, layout));
    }
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
    weights.set(0, rounded(weights.getFirst()));
    return test.with(new WeightedOp<>(test.op(), weights), roundedInput(test));
  }

  private static List<CaseTensor> roundedInput(OpCase test) {
    List<CaseTensor> inputs = new ArrayList<>(test.inputs());
    CaseTensor x = inputs.getFirst();
    double[] values = x.values().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = rounded((float) values[i]);
    }
    inputs.set(0, new CaseTensor(x.type(), x.shape(), values, x.dense()));
    return inputs;
  }

  private static OpCase with(OpCase test, OpSpec op, List<CaseTensor> inputs) {
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

  private static List<double[]> run(Backend backend, OpCase test, CaseRun.Layout layout) {
    try (CaseMemory memory = CaseMemory.of(backend)) {
      return CaseRun.run(backend, test, layout, memory);
    }
  }
}
