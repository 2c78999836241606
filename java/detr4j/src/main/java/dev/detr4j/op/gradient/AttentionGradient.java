package dev.detr4j.op.gradient;

import dev.detr4j.op.Attention;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gradients of {@link Attention}. The weights P of a head are computed anew from q and k; with
 * them and the output's gradient dO, {@code dV = P^T dO}, {@code dP = dO V^T}, {@code dS = P (dP -
 * rowsum(dP P))}, {@code dQ = scale dS K} and {@code dK = scale dS^T Q}.
 *
 * <p>Inputs: those of the attention, then dO {@code [N, Q, heads headDim]}. Outputs: dQ, dK and dV,
 * shaped as q, k and v. A masked key gets zeros and ignores what it holds.
 */
public record AttentionGradient(Attention of) implements TrainingOp {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape out = of.outputs(inputs).getFirst().shape();
    OpSpec.require(inputs.getLast().equals(out), "the gradient is " + out, inputs.getLast());
    return List.of(Output.f32(inputs.get(0)), Output.f32(inputs.get(1)), Output.f32(inputs.get(2)));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    Shape queries = inputs.get(0);
    long scores = (long) queries.get(0) * queries.get(1) * inputs.get(1).get(1) * of.heads();
    return new OperationCost(
        scores * (10L * of.headDim() + 10), OperationCost.read(inputs.subList(0, 3)) + written);
  }
}
