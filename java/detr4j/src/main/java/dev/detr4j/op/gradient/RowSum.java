package dev.detr4j.op.gradient;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The sum of all rows: {@code out[c] = sum[c] + sum over items and rows of x[c]}. The gradient by
 * what every row had added.
 *
 * <p>Inputs: x {@code [N, ..., C]}, the sum so far {@code [1, C]}. Output {@code [1, C]}, which may
 * be the memory of the sum.
 */
public record RowSum() implements TrainingOp {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape sum = Shape.of(1, inputs.getFirst().last());
    OpSpec.require(inputs.get(1).equals(sum), "the sum is " + sum, inputs.get(1));
    return List.of(Output.f32(sum));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    return new OperationCost(inputs.getFirst().elements(), OperationCost.read(inputs) + written);
  }
}
