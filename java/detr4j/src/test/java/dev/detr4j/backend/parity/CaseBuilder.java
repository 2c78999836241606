package dev.detr4j.backend.parity;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Fills the tensors of one case from a seed that depends on nothing but the case's name. */
final class CaseBuilder {
  private final String name;
  private final long seed;
  private final SplittableRandom random;
  private final List<CaseTensor> inputs = new ArrayList<>();
  private final Map<Integer, Integer> aliases = new HashMap<>();
  private OpCase.Unspecified unspecified = OpCase.Unspecified.NOTHING;

  CaseBuilder(String name) {
    this.name = name;
    this.seed = name.hashCode() * 0x9E3779B97F4A7C15L;
    this.random = new SplittableRandom(seed);
  }

  /** Fp32 numbers, evenly spread over the range. */
  double[] uniform(long count, double low, double high) {
    double[] values = new double[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(low, high);
    }
    return values;
  }

  /** Whole numbers from {@code low} to {@code high - 1}. */
  double[] whole(long count, int low, int high) {
    double[] values = new double[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(low, high);
    }
    return values;
  }

  /** Zeros and ones, with a one at the start of each of {@code items} equal parts. */
  double[] mask(int items, int length) {
    double[] values = whole((long) items * length, 0, 2);
    for (int i = 0; i < items && length > 0; i++) {
      values[i * length] = 1;
    }
    return values;
  }

  Weight weight(String label, double low, double high, int... extents) {
    double[] values = uniform(Shape.of(extents).elements(), low, high);
    return weight(label, values, extents);
  }

  Weight weight(String label, double[] values, int... extents) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return new ArrayWeight(name + " " + label, Shape.of(extents), floats);
  }

  /** An input of random numbers between -1 and 1. */
  CaseBuilder input(int... extents) {
    return input(uniform(Shape.of(extents).elements(), -1, 1), extents);
  }

  CaseBuilder input(double[] values, int... extents) {
    return add(ElementType.F32, values, false, extents);
  }

  CaseBuilder denseInput(double[] values, int... extents) {
    return add(ElementType.F32, values, true, extents);
  }

  CaseBuilder integers(double[] values, int... extents) {
    return add(ElementType.I32, values, true, extents);
  }

  CaseBuilder bytes(double[] values, int... extents) {
    return add(ElementType.U8, values, true, extents);
  }

  private CaseBuilder add(ElementType type, double[] values, boolean dense, int... extents) {
    Shape shape = Shape.of(extents);
    if (shape.elements() != values.length) {
      throw new IllegalArgumentException(name + ": " + values.length + " values for " + shape);
    }
    inputs.add(new CaseTensor(type, shape, values, dense));
    return this;
  }

  /** Puts a value into an input that has been added. */
  CaseBuilder put(int input, int element, double value) {
    inputs.get(input).values()[element] = value;
    return this;
  }

  CaseBuilder alias(int output, int input) {
    aliases.put(output, input);
    return this;
  }

  CaseBuilder unspecified(OpCase.Unspecified elements) {
    unspecified = elements;
    return this;
  }

  OpCase build(OpSpec op, Tolerance tolerance) {
    return build(WeightedOp.of(op), tolerance);
  }

  OpCase build(WeightedOp<?> op, Tolerance tolerance) {
    return new OpCase(
        name,
        seed,
        op.op(),
        op.weights(),
        List.copyOf(inputs),
        Map.copyOf(aliases),
        tolerance,
        unspecified);
  }
}
