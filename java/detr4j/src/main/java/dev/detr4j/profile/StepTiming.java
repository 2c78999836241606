package dev.detr4j.profile;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.List;

/**
 * One step of a profile and its time in each round.
 *
 * @param label the step's name: stage, layer and part, such as {@code encoder.0.ffn.fc1}
 * @param op what the step computes
 * @param inputs shapes of its inputs, with the batch
 * @param outputs shapes of its outputs, with the batch
 * @param bytes of its inputs, weights and outputs once, each map in the type that it lies in
 * @param nanoseconds one time for each round
 */
public record StepTiming(
    String label,
    OpSpec op,
    List<Shape> inputs,
    List<Shape> outputs,
    long bytes,
    List<Long> nanoseconds) {
  /** Copies the lists. */
  public StepTiming {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nanoseconds = List.copyOf(nanoseconds);
  }

  /**
   * The timing of a step.
   *
   * @param products what its first weight is packed in
   */
  public static StepTiming of(BoundNode step, ElementType products, List<Long> nanoseconds) {
    return new StepTiming(
        step.label(),
        step.op(),
        step.inputs().stream().map(TensorView::shape).toList(),
        step.outputs().stream().map(TensorView::shape).toList(),
        OperandBytes.of(step, products),
        nanoseconds);
  }

  /** The least work of the step. */
  public OperationCost cost() {
    return OperationCost.of(op, inputs);
  }
}
