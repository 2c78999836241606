package dev.detr4j.model.graph;

import dev.detr4j.op.OpSpec;
import java.util.List;

/**
 * One operation of the graph with what it reads and writes.
 *
 * @param label where it belongs, as in {@code encoder.0.self_attn.offsets}
 * @param inputs what is computed or given, in the order of the operation's contract
 * @param weights weight values of the graph, in the order of {@link OpSpec#weights}
 */
public record Node(
    String label, OpSpec op, List<Value> inputs, List<Value> weights, List<Value> outputs) {
  /** Copies the lists. */
  public Node {
    inputs = List.copyOf(inputs);
    weights = List.copyOf(weights);
    outputs = List.copyOf(outputs);
  }
}
