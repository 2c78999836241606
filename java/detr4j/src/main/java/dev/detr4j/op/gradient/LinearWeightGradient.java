package dev.detr4j.op.gradient;

import dev.detr4j.op.Linear;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gradients by the weights of a {@link Linear} layer: {@code dW = dz^T x} and {@code db} the
 * sum of dz over all rows. Rows with a mask of 0 are left out of dW, and of db too with {@link
 * RowMask#ZERO_OUTPUT}.
 *
 * <p>Inputs: x {@code [N, ..., inFeatures]}; dz {@code [N, ..., outFeatures]}, the gradient behind
 * the activation; a row mask U8 {@code [N, rows]} if the layer has one; the sum so far {@code
 * [outFeatures, inFeatures]}; then that of the bias {@code [1, outFeatures]} if the layer has one.
 * Outputs: the new sums. A new sum may be the memory of the old one; neither has gaps.
 *
 * @param of the layer, without residual; its activation does not matter
 */
public record LinearWeightGradient(Linear of) implements TrainingOp {
  /** How many inputs come before the sums. */
  public int operands() {
    return of.rowMask() == RowMask.NONE ? 2 : 3;
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Linear plain = of.withRowMask(RowMask.NONE);
    Shape out = plain.outputs(inputs.subList(0, 1)).getFirst().shape();
    OpSpec.require(inputs.get(1).equals(out), "the gradient is " + out, inputs.get(1));
    OpSpec.require(
        operands() == 2 || inputs.get(2).elements() * out.last() == out.elements(),
        "the row mask has one byte a row of " + out,
        inputs.get(2));
    return ConvolutionWeightGradient.sums(of.weights(), inputs.subList(operands(), inputs.size()));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    long rows = inputs.get(1).elements() / of.outFeatures();
    return new OperationCost(
        2 * rows * of.inFeatures() * of.outFeatures(), OperationCost.read(inputs) + written);
  }
}
