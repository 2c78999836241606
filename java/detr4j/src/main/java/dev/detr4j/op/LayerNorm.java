package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Layer normalisation of every row (Ba et al. 2016), fused with the sums around it.
 *
 * <p>{@code s = x (+ residual)}, {@code y = (s - mean(s)) / sqrt(var(s) + epsilon) * weight + bias}
 * with the population variance. Inputs {@code [N, ..., channels]}: x, then residual if {@code
 * hasResidual}, then addend if {@code hasAddend}. Outputs: y, then {@code y + addend} if {@code
 * hasAddend} (the query position of the next attention).
 *
 * @param weight {@code [channels]}
 * @param bias {@code [channels]}
 */
public record LayerNorm(
    int channels, float epsilon, Weight weight, Weight bias, boolean hasResidual, boolean hasAddend)
    implements OpSpec {

  /** Checks that the weights have the shape that the other components imply. */
  public LayerNorm {
    OpSpec.require(
        weight.shape().elements() == channels,
        "layer norm weight has " + channels + " values",
        weight.shape());
    OpSpec.require(
        bias.shape().elements() == channels,
        "layer norm bias has " + channels + " values",
        bias.shape());
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
