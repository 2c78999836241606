package dev.detr4j.op.gradient;

import dev.detr4j.op.Convolution;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The gradients by the weights of a {@link Convolution}: for each output channel o, input channel c
 * of its group and tap, the sum over all output pixels of {@code dz[o] x[c]} with the pixel of x
 * under the tap, zero outside the map; by the bias, the sum of dz.
 *
 * <p>Inputs: x {@code [N, H, W, inChannels]}; dz {@code [N, OH, OW, outChannels]}, the gradient
 * behind the activation; the sum so far {@code [outChannels, inChannels / groups, height, width]},
 * the layout of checkpoints; then that of the bias {@code [1, outChannels]} if the convolution has
 * one. Outputs: the new sums. A new sum may be the memory of the old one; neither has gaps.
 *
 * @param of the convolution, without residual; its activation does not matter
 */
public record ConvolutionWeightGradient(Convolution of) implements TrainingOp {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape out = of.outputs(inputs.subList(0, 1)).getFirst().shape();
    OpSpec.require(inputs.get(1).equals(out), "the gradient is " + out, inputs.get(1));
    return sums(of.weights(), inputs.subList(2, inputs.size()));
  }

  /** The new sums for those of weights so far. */
  static List<Output> sums(List<WeightSpec> weights, List<Shape> sums) {
    OpSpec.require(sums.size() == weights.size(), "there is a sum for each weight", sums);
    List<Output> outputs = new ArrayList<>();
    for (int i = 0; i < sums.size(); i++) {
      Shape expected = placed(weights.get(i).shape());
      OpSpec.require(
          sums.get(i).equals(expected),
          "the sum of the " + weights.get(i).role() + " is " + expected,
          sums.get(i));
      outputs.add(Output.f32(expected));
    }
    return List.copyOf(outputs);
  }

  /** The shape of a weight's sum: a vector is one row. */
  public static Shape placed(Shape weight) {
    return weight.rank() == 1 ? Shape.of(1, weight.get(0)) : weight;
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    long weights = inputs.get(2).elements();
    Shape out = inputs.get(1);
    return new OperationCost(
        2 * weights * out.get(0) * out.get(1) * out.get(2), OperationCost.read(inputs) + written);
  }
}
