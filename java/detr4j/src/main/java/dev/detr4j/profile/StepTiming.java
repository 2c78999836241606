package dev.detr4j.profile;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * One step of a profile and its time in each round.
 *
 * @param label the step's name: stage, layer and part, such as {@code encoder.0.ffn.fc1}
 * @param op what the step computes
 * @param inputs shapes of its inputs, with the batch
 * @param outputs shapes of its outputs, with the batch
 * @param nanoseconds one time for each round
 */
public record StepTiming(
    String label, OpSpec op, List<Shape> inputs, List<Shape> outputs, List<Long> nanoseconds) {
  /** Copies the lists. */
  public StepTiming {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nanoseconds = List.copyOf(nanoseconds);
  }

  /** The least work of the step. */
  public OperationCost cost() {
    return OperationCost.of(op, inputs);
  }
}
