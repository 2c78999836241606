package dev.detr4j.plan;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Turns a graph into a plan for one backend: asks whether every operation is supported, finds what
 * does not depend on the input ({@link ConstantFolding}), decides on element types ({@link
 * StoredTypes}) and places ({@link MemoryMap}), and computes the constants.
 */
public final class Planner {
  private Planner() {}

  /**
   * Plans a graph.
   *
   * @param queue a queue of the backend, which computes the constants
   * @param taps names of intermediate values to keep besides the outputs
   * @throws BackendException when the backend refuses an operation; the message lists all refusals
   * @throws IllegalArgumentException when the graph has no such tap; the message lists them
   */
  public static GraphPlan plan(Graph graph, Backend backend, Queue queue, Set<String> taps) {
    refuseUnsupported(graph, backend);
    Map<String, Value> kept = kept(graph, taps);
    ConstantFolding folding = ConstantFolding.of(graph);
    StoredTypes types = new StoredTypes(graph, backend, kept.values(), folding.roots());
    MemoryMap memory = MemoryMap.of(graph, folding, kept.values(), types::of, backend.sharing());
    return GraphPlan.of(graph, kept, folding, memory, backend, queue);
  }

  private static Map<String, Value> kept(Graph graph, Set<String> taps) {
    Map<String, Value> kept = new LinkedHashMap<>(graph.outputs());
    for (String tap : taps) {
      Value value = graph.taps().get(tap);
      if (value == null) {
        throw new IllegalArgumentException(
            "the model has no tap " + tap + "; it has " + graph.taps().keySet());
      }
      kept.put(tap, value);
    }
    return kept;
  }

  private static void refuseUnsupported(Graph graph, Backend backend) {
    Set<String> refusals = new LinkedHashSet<>();
    for (Node node : graph.nodes()) {
      String refusal = backend.refusal(node.op());
      if (refusal != null) {
        refusals.add(node.label() + ": " + refusal);
      }
    }
    if (!refusals.isEmpty()) {
      throw new BackendException("this model cannot run here: " + String.join("; ", refusals));
    }
  }
}
