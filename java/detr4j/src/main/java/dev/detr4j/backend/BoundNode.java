package dev.detr4j.backend;

import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.TensorView;
import java.util.List;

/**
 * An operation with the places of its inputs and outputs.
 *
 * @param label the node's name in the graph, for messages and profiles
 */
public record BoundNode(
    String label, OpSpec op, List<TensorView> inputs, List<TensorView> outputs) {
  /** Copies the lists. */
  public BoundNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** The input at this position. */
  public TensorView input(int index) {
    return inputs.get(index);
  }

  /** The output at this position. */
  public TensorView output(int index) {
    return outputs.get(index);
  }
}
