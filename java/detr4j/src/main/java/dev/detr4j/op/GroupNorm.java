package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Group normalisation (Wu and He 2018): mean and population variance over all pixels and the
 * channels of one group.
 *
 * <p>Input {@code [N, ..., channels]}, output the same shape; {@code y = (x - mean) / sqrt(var +
 * epsilon) * weight + bias}. Weights: weight and bias {@code [channels]}.
 */
public record GroupNorm(int groups, int channels, float epsilon) implements OpSpec {
  /** Checks that groups fit the channels. */
  public GroupNorm {
    OpSpec.require(
        groups >= 1 && channels % groups == 0, "groups divide " + channels + " channels", groups);
  }

  @Override
  public List<WeightSpec> weights() {
    return WeightSpec.scaleAndShift(channels);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    OpSpec.require(
        inputs.get(0).last() == channels, "group norm input ends in " + channels, inputs.get(0));
    return List.of(Output.f32(inputs.get(0)));
  }
}
