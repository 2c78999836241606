package dev.detr4j.op.gradient;

import dev.detr4j.op.Activation;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gradient by what an activation takes: {@code dz = dy f'(z)}.
 *
 * <p>Inputs of one shape {@code [N, ..., C]}: dy, then the activation's output y for {@link
 * Activation#RELU} or its input z for {@link Activation#GELU}. Output dz of that shape. ReLU passes
 * dy where y is not at most 0, and 0 elsewhere; GELU has {@code f'(z) = (1 + erf(z / sqrt 2)) / 2 +
 * z exp(-z^2 / 2) / sqrt(2 pi)}.
 */
public record ActivationGradient(Activation activation) implements TrainingOp {
  /** Checks that the activation has one. */
  public ActivationGradient {
    OpSpec.require(
        activation == Activation.RELU || activation == Activation.GELU,
        "the activation is ReLU or GELU",
        activation);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    OpSpec.require(
        inputs.get(0).equals(inputs.get(1)), "gradient and values have one shape", inputs);
    return List.of(Output.f32(inputs.getFirst()));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    int each = activation == Activation.RELU ? 1 : 16;
    return new OperationCost(
        each * inputs.getFirst().elements(), OperationCost.read(inputs) + written);
  }
}
