package dev.detr4j.backend;

import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An operation with the places of its inputs and outputs, and with its weights.
 *
 * <p>Weights have no place: a backend packs each into a layout of its choice, once for all
 * programs.
 *
 * @param label the node's name in the graph, for messages and profiles
 * @param weights as {@link OpSpec#weights} asks for
 */
public record BoundNode(
    String label,
    OpSpec op,
    List<TensorView> inputs,
    List<Weight> weights,
    List<TensorView> outputs) {
  /** Checks the weights and copies the lists. */
  public BoundNode {
    inputs = List.copyOf(inputs);
    weights = List.copyOf(weights);
    outputs = List.copyOf(outputs);
    OpSpec.requireWeights(op, weights);
  }

  /** A node without weights. */
  public BoundNode(String label, OpSpec op, List<TensorView> inputs, List<TensorView> outputs) {
    this(label, op, inputs, List.of(), outputs);
  }

  /** The input at this position. */
  public TensorView input(int index) {
    return inputs.get(index);
  }

  /** The weight at this position. */
  public Weight weight(int index) {
    return weights.get(index);
  }

  /** The weight at this position, or null where the operation takes fewer. */
  public @Nullable Weight weightOrNull(int index) {
    return index < weights.size() ? weights.get(index) : null;
  }

  /** The output at this position. */
  public TensorView output(int index) {
    return outputs.get(index);
  }
}
