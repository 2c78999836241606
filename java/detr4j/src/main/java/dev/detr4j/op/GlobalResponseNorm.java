package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Global response normalisation (Woo et al. 2023, ConvNeXt V2): channels that respond more than
 * others over the whole map grow.
 *
 * <p>Input {@code [N, ..., channels]}, output the same shape. For each batch item and channel
 * {@code g = sqrt(sum of x^2 over all rows)} and {@code n = g / (mean of g over channels +
 * epsilon)}; then {@code y = x + weight * n * x + bias}. Weights: weight (gamma) and bias (beta)
 * {@code [channels]}. NaN reaches every output of its item.
 */
public record GlobalResponseNorm(int channels, float epsilon) implements OpSpec {
  @Override
  public List<WeightSpec> weights() {
    return WeightSpec.scaleAndShift(channels);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    OpSpec.require(
        inputs.get(0).last() == channels,
        "global response norm input ends in " + channels,
        inputs.get(0));
    return List.of(Output.f32(inputs.get(0)));
  }
}
