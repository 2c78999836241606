package dev.detr4j.op.gradient;

import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The gradients of {@link BoxRefinement}, whose output is y: {@code ddelta = dy y (1 - y)}, and by
 * the reference r that times the derivative of its inverse sigmoid, {@code [r >= epsilon] / r + [1
 * - r >= epsilon] / (1 - r)} for r between 0 and 1 and 0 elsewhere; a reference of logits gets
 * ddelta itself.
 *
 * <p>Inputs: y {@code [N, Q, columns]}, then the reference if {@code referenceLearns}, then dy.
 * Outputs: ddelta, then dreference if {@code referenceLearns}. Of a sigmoid only: boxes relative to
 * others have no gradient here.
 */
public record BoxRefinementGradient(BoxRefinement of, boolean referenceLearns)
    implements TrainingOp {
  /** Checks that there is a sigmoid, and a reference to learn. */
  public BoxRefinementGradient {
    OpSpec.require(
        of.reference() != BoxRefinement.Reference.RELATIVE,
        "the gradient is that of a sigmoid",
        of);
    OpSpec.require(
        !referenceLearns || of.reference() != BoxRefinement.Reference.NONE,
        "a reference that learns is an input",
        of);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape y = inputs.getFirst();
    OpSpec.require(
        y.rank() == 3 && y.last() == of.columns(), "boxes are [N, Q, " + of.columns() + "]", y);
    OpSpec.require(inputs.getLast().equals(y), "the gradient is " + y, inputs.getLast());
    if (!referenceLearns) {
      return List.of(Output.f32(y));
    }
    Shape reference = inputs.get(1);
    OpSpec.require(
        reference.equals(Shape.of(y.get(0), y.get(1), of.reference().columns())),
        "references are [N, Q, " + of.reference().columns() + "]",
        reference);
    return List.of(Output.f32(y), Output.f32(reference));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    return new OperationCost(
        8 * inputs.getFirst().elements(), OperationCost.read(inputs) + written);
  }
}
