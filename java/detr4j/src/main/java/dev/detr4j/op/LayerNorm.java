package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Layer normalisation of every row (Ba et al. 2016), fused with the sums around it.
 *
 * <p>{@code s = x (+ residual)}, {@code y = (s - mean(s)) / sqrt(var(s) + epsilon) * weight + bias}
 * with the population variance. Inputs {@code [N, ..., channels]}: x, then residual if {@code
 * hasResidual}, then addend if {@code hasAddend}. Weights: weight and bias {@code [channels]}.
 * Outputs: y, then {@code y + addend} if {@code hasAddend} (the query position of the next
 * attention).
 */
public record LayerNorm(int channels, float epsilon, boolean hasResidual, boolean hasAddend)
    implements OpSpec {

  /** A normalisation of one input. */
  public static LayerNorm of(int channels, float epsilon) {
    return new LayerNorm(channels, epsilon, false, false);
  }

  /** The same with an addend. */
  public LayerNorm withAddend() {
    return new LayerNorm(channels, epsilon, hasResidual, true);
  }

  @Override
  public List<WeightSpec> weights() {
    return WeightSpec.scaleAndShift(channels);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(
        x.rank() >= 2 && x.last() == channels, "layer norm input ends in " + channels, x);
    for (Shape other : inputs) {
      OpSpec.require(other.equals(x), "residual and addend have the input's shape " + x, other);
    }
    List<Output> outputs = new ArrayList<>();
    outputs.add(Output.f32(x));
    if (hasAddend) {
      outputs.add(Output.f32(x));
    }
    return List.copyOf(outputs);
  }
}
