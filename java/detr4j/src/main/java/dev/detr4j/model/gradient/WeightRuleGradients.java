package dev.detr4j.model.gradient;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.WeightRule;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Function;

/**
 * How a gradient by a derived weight becomes gradients by what it follows from: one rule for each
 * {@link WeightRule}. All rules are linear in the sources that learn.
 */
public final class WeightRuleGradients {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

  private WeightRuleGradients() {}

  /**
   * The sources through which a rule passes gradients on. Of a convolution with a batch
   * normalisation that is the kernel alone: the normalisation stays as it is.
   *
   * @throws IllegalArgumentException when the rule has no gradient rule
   */
  public static List<Weight> learningSources(DerivedWeight weight) {
    return switch (weight.rule()) {
      case WeightRule.JoinRows _,
          WeightRule.RowRange _,
          WeightRule.Transposed _,
          WeightRule.Turned _ ->
          weight.sources();
      case WeightRule.ScaledByNorm _ -> weight.sources().subList(0, 1);
      case WeightRule.NormShift _, WeightRule.LastOfFour _ -> List.of();
      default ->
          throw new IllegalArgumentException(
              "%s: %s has no gradient rule, so this model cannot be trained yet"
                  .formatted(weight.name(), weight.rule().getClass().getSimpleName()));
    };
  }

  /**
   * Adds a gradient to those of the sources.
   *
   * @param gradient by the derived weight, as many fp32 numbers as that has
   * @param sum the gradient by a source that learns, to which is added
   */
  public static void pass(
      DerivedWeight weight, MemorySegment gradient, Function<Weight, MemorySegment> sum) {
    switch (weight.rule()) {
      case WeightRule.JoinRows _ -> {
        long at = 0;
        for (Weight source : weight.sources()) {
          long count = source.shape().elements();
          add(gradient, at, sum.apply(source), 0, count);
          at += count;
        }
      }
      case WeightRule.RowRange range -> {
        Weight source = weight.sources().getFirst();
        Shape of = source.shape();
        long row = of.elements() / of.get(0);
        add(gradient, 0, sum.apply(source), range.first() * row, range.count() * row);
      }
      case WeightRule.ScaledByNorm norm -> {
        Weight source = weight.sources().getFirst();
        scaleRows(weight, norm, gradient, sum.apply(source));
      }
      default ->
          throw new IllegalArgumentException(
              weight.name() + ": " + weight.rule().getClass().getSimpleName());
    }
  }

  private static void scaleRows(
      DerivedWeight weight,
      WeightRule.ScaledByNorm norm,
      MemorySegment gradient,
      MemorySegment to) {
    Shape shape = weight.shape();
    long each = shape.elements() / shape.get(0);
    float[] gamma = read(weight.sources().get(1));
    float[] variance = read(weight.sources().get(2));
    for (int o = 0; o < shape.get(0); o++) {
      double scale = gamma[o] / Math.sqrt(variance[o] + norm.epsilon());
      for (long i = o * each; i < (o + 1) * each; i++) {
        double passed = gradient.getAtIndex(F32, i) * scale;
        to.setAtIndex(F32, i, (float) (to.getAtIndex(F32, i) + passed));
      }
    }
  }

  private static float[] read(Weight weight) {
    long bytes = Float.BYTES * weight.shape().elements();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(bytes, 64);
      weight.read(memory);
      return memory.toArray(F32);
    }
  }

  private static void add(MemorySegment from, long at, MemorySegment to, long toAt, long count) {
    for (long i = 0; i < count; i++) {
      to.setAtIndex(F32, toAt + i, to.getAtIndex(F32, toAt + i) + from.getAtIndex(F32, at + i));
    }
  }
}
