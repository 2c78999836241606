package dev.detr4j.op.gradient;

import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gradients of {@link LayerNorm}. With the sum {@code s}, its normal form {@code x^ = (s -
 * mean) r}, {@code r = 1 / sqrt(var + epsilon)} and {@code g = dy weight}: {@code ds = r (g -
 * mean(g) - x^ mean(g x^))}, by the weight the sum of {@code dy x^} over all rows, by the bias that
 * of dy.
 *
 * <p>Inputs: x {@code [N, ..., channels]}, the residual if the norm has one, then dy of the same
 * shape, then the sums so far of the weight's and of the bias's gradient, {@code [1, channels]}
 * each. Weight: weight {@code [channels]}. Outputs: ds, the gradient of x and of the residual, and
 * the new sums, which may be the memory of the old ones.
 */
public record LayerNormGradient(LayerNorm of) implements TrainingOp {
  @Override
  public List<WeightSpec> weights() {
    return List.of(WeightSpec.of("weight", of.channels()));
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.getFirst();
    int sums = of.hasResidual() ? 3 : 2;
    OpSpec.require(x.last() == of.channels(), "rows have " + of.channels() + " channels", x);
    OpSpec.require(!of.hasResidual() || inputs.get(1).equals(x), "the residual is " + x, inputs);
    OpSpec.require(
        inputs.get(sums - 1).equals(x), "the gradient has the shape of the input " + x, inputs);
    Shape sum = Shape.of(1, of.channels());
    OpSpec.require(
        inputs.get(sums).equals(sum) && inputs.get(sums + 1).equals(sum),
        "the sums are " + sum,
        inputs);
    return List.of(Output.f32(x), Output.f32(sum), Output.f32(sum));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    return new OperationCost(
        18 * inputs.getFirst().elements(), OperationCost.read(inputs) + written);
  }
}
