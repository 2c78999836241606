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
import dev.detr4j.op.Linear;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Products in bf16 of this processor, see {@link Bf16Cases}. */
class Bf16ProductsTest {
  private static final Variant BF16 =
      new Variant(BackendKind.C, new BackendOptions(2, null, 0).withPrecision(Precision.BF16));
  private static final Backend REFERENCE =
      new ReferenceBackendProvider().open(new BackendOptions(2, null, 0));

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
    return Bf16Cases.all().stream()
        .map(test -> dynamicTest(test.toString(), () -> Bf16Cases.check(bf16(), REFERENCE, test)));
  }

  /** Layers that make coordinates or scores are not touched: the very bits of fp32. */
  @Test
  void exactLayersStayExact() {
    OpParityTest.assumeAvailable(BF16);
    try (Backend fp32 = new Variant(BackendKind.C, new BackendOptions(2, null, 0)).open()) {
      for (OpCase test : OpCases.of(Linear.class)) {
        Linear op = ((Linear) test.op()).withExactProducts();
        OpCase exact = test.with(new WeightedOp<>(op, test.weights()), test.inputs());
        List<double[]> expected = Bf16Cases.run(fp32, exact, CaseRun.Layout.PACKED);
        List<double[]> actual = Bf16Cases.run(bf16(), exact, CaseRun.Layout.PACKED);
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
    for (OpCase test : Bf16Cases.all()) {
      OpCase rounded = Bf16Cases.with(test, test.op(), Bf16Cases.roundedInput(test));
      if (!bf16().operandTypes(test.op()).input(0, ElementType.F32).contains(ElementType.BF16)
          || test.aliases().containsValue(0)) {
        continue;
      }
      stored++;
      OpCase narrow = Bf16Cases.with(test, test.op(), Bf16Cases.stored(rounded));
      for (CaseRun.Layout layout : CaseRun.Layout.values()) {
        assertArrayEquals(
            Bf16Cases.run(bf16(), rounded, layout).getFirst(),
            Bf16Cases.run(bf16(), narrow, layout).getFirst(),
            test.name() + " " + layout);
      }
    }
    assertTrue(stored > 50, stored + " cases");
  }

  /** What rounds takes and writes bf16, what is added and what stays fp32 does not. */
  @Test
  void proposesBf16WhereItRounds() {
    OpParityTest.assumeAvailable(BF16);
    boolean tiles = bf16().instructionSet().startsWith("avx512-amx");
    for (OpCase test : Bf16Cases.all()) {
      OperandTypes types = bf16().operandTypes(test.op());
      boolean rounds =
          !Bf16Cases.isDepthwise(test.op())
              && !(test.op() instanceof Linear l && l.exact())
              && !(test.op() instanceof MsDeformAttention && !tiles);
      ElementType weights =
          rounds && !test.weights().isEmpty() ? ElementType.BF16 : ElementType.F32;
      List<ElementType> maps =
          rounds ? List.of(ElementType.BF16, ElementType.F32) : List.of(ElementType.F32);
      assertEquals(weights, types.products(), test.name());
      assertEquals(maps, types.output(0, ElementType.F32), test.name());
      for (int i = 0; i < test.inputs().size(); i++) {
        List<ElementType> expected =
            i < Bf16Cases.roundedInputs(test.op()) ? maps : List.of(ElementType.F32);
        assertEquals(expected, types.input(i, ElementType.F32), test.name() + ", input " + i);
      }
      assertEquals(OperandTypes.AS_IN_GRAPH, REFERENCE.operandTypes(test.op()), test.name());
    }
  }

  private static Backend bf16() {
    if (open == null) {
      open = BF16.open();
    }
    return open;
  }
}
