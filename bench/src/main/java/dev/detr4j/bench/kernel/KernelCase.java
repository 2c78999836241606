package dev.detr4j.bench.kernel;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * One operation with its weights and inputs.
 *
 * @param name with the formula of the values it reproduces the case in every language
 * @param tolerance how far two implementations may be apart in any element; the rules are those of
 *     the op parity suite of the library, where they are derived
 */
record KernelCase(String name, WeightedOp<?> weighted, List<KernelInput> inputs, double tolerance) {
  /** The spacing of fp32 numbers at 1. */
  private static final double EPSILON = 0x1p-23;

  /** Integers, or numbers that are only moved. */
  static final double EXACT = 0;

  KernelCase {
    inputs = List.copyOf(inputs);
  }

  /** A case without weights. */
  KernelCase(String name, OpSpec op, List<KernelInput> inputs, double tolerance) {
    this(name, WeightedOp.of(op), inputs, tolerance);
  }

  OpSpec op() {
    return weighted.op();
  }

  /** Of a sum of so many products of two numbers between -1 and 1. */
  static double ofSum(int length) {
    return EPSILON * (4.0 + length);
  }

  /** So many units of fp32 spacing at 1. */
  static double ofUnits(double units) {
    return EPSILON * units;
  }

  List<Shape> shapes() {
    return inputs.stream().map(KernelInput::shape).toList();
  }

  List<OpSpec.Output> outputs() {
    return op().outputs(shapes());
  }

  /** Arithmetic and bytes of one run. */
  OperationCost cost() {
    return OperationCost.of(op(), shapes());
  }
}
