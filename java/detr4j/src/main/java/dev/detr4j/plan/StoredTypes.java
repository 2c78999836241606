package dev.detr4j.plan;

import dev.detr4j.backend.Backend;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.tensor.ElementType;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Which values a backend keeps as bf16: fp32 values of the graph that every node which writes or
 * reads them takes so. Inputs, constants and what a caller looks at stay as the graph has them.
 */
final class StoredTypes {
  private final Set<Value> bf16 = new HashSet<>();

  StoredTypes(
      Graph graph, Backend backend, Collection<Value> kept, Collection<Value> constantRoots) {
    Set<Value> refused = new HashSet<>(constantRoots);
    graph.inputs().forEach(input -> refused.add(input.root()));
    kept.forEach(value -> refused.add(value.root()));
    for (Node node : graph.nodes()) {
      for (int i = 0; i < node.outputs().size(); i++) {
        Value output = node.outputs().get(i);
        bf16.add(output.root());
        if (output.type() != ElementType.F32 || !backend.writesBf16(node.op(), i)) {
          refused.add(output.root());
        }
      }
      for (int i = 0; i < node.inputs().size(); i++) {
        if (!backend.readsBf16(node.op(), i)) {
          refused.add(node.inputs().get(i).root());
        }
      }
    }
    bf16.removeAll(refused);
  }

  /** The type in memory of a value or of a view of it. */
  ElementType of(Value value) {
    return bf16.contains(value.root()) ? ElementType.BF16 : value.type();
  }
}
