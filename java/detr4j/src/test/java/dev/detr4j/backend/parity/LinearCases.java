package dev.detr4j.backend.parity;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of {@link Linear}: tails of every extent, then masks, residuals, activations and numbers
 * that are none.
 */
final class LinearCases {
  private LinearCases() {}

  static List<OpCase> linear() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(of("linear rows " + n, 1, n, 19, 21, true, Activation.NONE, false, RowMask.NONE));
      cases.add(of("linear in " + n, 1, 5, n, 18, true, Activation.RELU, false, RowMask.NONE));
      cases.add(
          of(
              "linear out " + n,
              1,
              6,
              17,
              n,
              n % 2 == 0,
              Activation.NONE,
              n % 3 == 0,
              RowMask.NONE));
    }
    for (int prime : OpCases.PRIMES) {
      cases.add(
          of(
              "linear primes " + prime,
              2,
              prime,
              2 * prime + 1,
              prime + 4,
              true,
              Activation.RELU,
              true,
              RowMask.NONE));
    }
    for (Activation activation : Activation.values()) {
      for (RowMask mask : RowMask.values()) {
        for (boolean residual : new boolean[] {false, true}) {
          String name = "linear " + activation + " " + mask + (residual ? " residual" : "");
          cases.add(of(name, 2, 23, 40, 37, true, activation, residual, mask));
        }
      }
    }
    cases.add(
        of("linear model sized", 1, 211, 256, 1024, true, Activation.RELU, false, RowMask.NONE));
    cases.add(of("linear deep", 1, 50, 1024, 256, true, Activation.NONE, true, RowMask.NONE));
    cases.add(
        of("linear wide offsets", 1, 301, 256, 384, true, Activation.NONE, false, RowMask.NONE));
    cases.add(inPlace());
    cases.add(sharedRank4());
    cases.add(notNumbers());
    cases.add(hugeGelu());
    cases.add(maskedNaN(RowMask.ZERO_INPUT));
    cases.add(maskedNaN(RowMask.ZERO_OUTPUT));
    return cases;
  }

  private static OpCase of(
      String name,
      int batch,
      int rows,
      int in,
      int out,
      boolean bias,
      Activation activation,
      boolean residual,
      RowMask mask) {
    CaseBuilder builder = new CaseBuilder(name);
    WeightedOp<Linear> op = op(builder, in, out, bias, activation, residual, mask);
    builder.input(batch, rows, in);
    if (residual) {
      builder.input(batch, rows, out);
    }
    if (mask != RowMask.NONE) {
      builder.bytes(builder.mask(batch, rows), batch, rows);
    }
    return builder.build(op, Tolerance.ofSum(in));
  }

  private static WeightedOp<Linear> op(
      CaseBuilder builder,
      int in,
      int out,
      boolean bias,
      Activation activation,
      boolean residual,
      RowMask mask) {
    Weight weight = builder.weight("weight", -1, 1, out, in);
    Weight biases = bias ? builder.weight("bias", -1, 1, out) : null;
    return WeightedOp.linear(weight, biases, activation)
        .as(op -> residual ? op.withResidual() : op)
        .as(op -> op.withRowMask(mask));
  }

  private static OpCase inPlace() {
    CaseBuilder builder = new CaseBuilder("linear residual in place");
    WeightedOp<Linear> op = op(builder, 33, 45, true, Activation.NONE, true, RowMask.NONE);
    return builder.input(2, 29, 33).input(2, 29, 45).alias(0, 1).build(op, Tolerance.ofSum(33));
  }

  private static OpCase sharedRank4() {
    CaseBuilder builder = new CaseBuilder("linear on a map");
    WeightedOp<Linear> op = op(builder, 24, 20, true, Activation.RELU, false, RowMask.NONE);
    return builder.input(2, 5, 7, 24).build(op, Tolerance.ofSum(24));
  }

  /** NaN and infinity stay in their rows; ReLU keeps NaN. */
  private static OpCase notNumbers() {
    CaseBuilder builder = new CaseBuilder("linear with NaN and infinity");
    WeightedOp<Linear> op = op(builder, 20, 35, true, Activation.RELU, false, RowMask.NONE);
    return builder
        .input(1, 17, 20)
        .put(0, 3 * 20 + 7, Double.NaN)
        .put(0, 9 * 20, Double.POSITIVE_INFINITY)
        .put(0, 16 * 20 + 19, Double.NEGATIVE_INFINITY)
        .build(op, Tolerance.ofSum(20));
  }

  /** The squares in GELU's tails overflow; its result does not. */
  private static OpCase hugeGelu() {
    CaseBuilder builder = new CaseBuilder("linear GELU of huge sums");
    WeightedOp<Linear> op = op(builder, 1, 37, true, Activation.GELU, false, RowMask.NONE);
    double[] sums = {1e30f, -1e30f, 1e20f, -1e20f, 1.8e19f, -1.8e19f, 1e10f, -1e10f, 14.5, -14.5};
    double unit = 1e30 * Tolerance.EPSILON;
    return builder
        .input(sums, 1, sums.length, 1)
        .build(op, new Tolerance(2 * unit, 4 * Tolerance.EPSILON * Tolerance.EPSILON));
  }

  private static OpCase maskedNaN(RowMask mask) {
    CaseBuilder builder = new CaseBuilder("linear masked NaN " + mask);
    WeightedOp<Linear> op = op(builder, 20, 35, true, Activation.NONE, false, mask);
    double[] valid = builder.mask(2, 15);
    builder.input(2, 15, 20).bytes(valid, 2, 15);
    for (int row = 0; row < valid.length; row++) {
      if (valid[row] == 0) {
        builder.put(0, row * 20 + row % 20, row % 2 == 0 ? Double.NaN : Double.POSITIVE_INFINITY);
      }
    }
    return builder.build(op, Tolerance.ofSum(20));
  }
}
