package dev.detr4j.op.gradient;

import dev.detr4j.op.MaxPool;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gradient of {@link MaxPool}: each output's gradient goes to the first of the greatest pixels
 * of its window, in row-major order; a NaN is the greatest.
 *
 * <p>Inputs: x {@code [N, H, W, C]}, dy {@code [N, OH, OW, C]}. Output dx, shaped as x.
 */
public record MaxPoolGradient(MaxPool of) implements TrainingOp {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape out = of.outputs(inputs).getFirst().shape();
    OpSpec.require(inputs.get(1).equals(out), "the gradient is " + out, inputs.get(1));
    return List.of(Output.f32(inputs.getFirst()));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    return new OperationCost(
        inputs.get(1).elements() * of.kernel() * of.kernel(), OperationCost.read(inputs) + written);
  }
}
