package dev.detr4j.model.graph;

import dev.detr4j.op.OpSpec;
import java.util.List;

/**
 * One operation of the graph with what it reads and writes.
 *
 * @param label where it belongs, as in {@code encoder.0.self_attn.offsets}
 */
public record Node(String label, OpSpec op, List<Value> inputs, List<Value> outputs) {
  /** Copies the lists. */
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }
}
