package dev.detr4j.op.gradient;

import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * A weight {@code [rows, columns]} as a value {@code [batch, rows, columns]}, the same for each
 * item: what object queries learn.
 */
public record WeightValue(int batch, int rows, int columns) implements TrainingOp {
  @Override
  public List<WeightSpec> weights() {
    return List.of(WeightSpec.of("weight", rows, columns));
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    return List.of(Output.f32(batch, rows, columns));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    return new OperationCost(0, Float.BYTES * (long) rows * columns + written);
  }
}
