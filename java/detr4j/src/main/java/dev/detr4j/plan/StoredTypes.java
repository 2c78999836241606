package dev.detr4j.plan;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.error.BackendException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.ElementType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The element type in which each value lies in memory.
 *
 * <p>Every node proposes types for each value that it touches, by {@link OperandTypes}. A value
 * gets a type that is in all of its proposals, and of these the one that stands foremost in them:
 * the sum of its places is the least. Between equals the first writer's order decides. Views have
 * the type of their root. What each call provides, constants and what a caller looks at stay as the
 * graph has them.
 *
 * <p>Types are compared here and not interpreted: what a new one means is a matter of the backends
 * that propose it.
 */
final class StoredTypes {
  /** What one node, or the caller, takes a value in. */
  private record Proposal(String from, List<ElementType> types) {}

  private final Map<Value, ElementType> chosen = new HashMap<>();

  /**
   * Chooses the types of a graph.
   *
   * @param kept what a caller looks at
   * @param constantRoots what is computed before the first call
   * @throws BackendException when the nodes of a value have no type in common; the message lists
   *     all such values
   */
  StoredTypes(
      Graph graph, Backend backend, Collection<Value> kept, Collection<Value> constantRoots) {
    this(graph, backend::operandTypes, kept, constantRoots);
  }

  StoredTypes(
      Graph graph,
      Function<OpSpec, OperandTypes> operandTypes,
      Collection<Value> kept,
      Collection<Value> constantRoots) {
    Map<Value, List<Proposal>> proposals = new LinkedHashMap<>();
    graph.inputs().forEach(input -> propose(proposals, input, "each call provides it"));
    graph.placed().keySet().forEach(root -> propose(proposals, root, "it outlives the plan"));
    constantRoots.forEach(root -> propose(proposals, root, "it is constant"));
    kept.forEach(value -> propose(proposals, value, "the caller looks at it"));
    for (Node node : graph.nodes()) {
      OperandTypes types = operandTypes.apply(node.op());
      for (int i = 0; i < node.outputs().size(); i++) {
        Value output = node.outputs().get(i);
        propose(proposals, output, node.label() + " writes", types.output(i, output.type()));
      }
      for (int i = 0; i < node.inputs().size(); i++) {
        Value input = node.inputs().get(i);
        propose(proposals, input, node.label() + " reads", types.input(i, input.type()));
      }
    }
    List<String> refusals = new ArrayList<>();
    proposals.forEach((root, ofRoot) -> {
      ElementType type = agreed(ofRoot);
      if (type == null) {
        refusals.add(disagreement(root, ofRoot));
      } else {
        chosen.put(root, type);
      }
    });
    if (!refusals.isEmpty()) {
      throw new BackendException("this model cannot run here: " + String.join("; ", refusals));
    }
  }

  /** The type in memory of a value or of a view of it. */
  ElementType of(Value value) {
    return chosen.getOrDefault(value.root(), value.type());
  }

  private static void propose(
      Map<Value, List<Proposal>> proposals, Value value, String whyAsInGraph) {
    propose(proposals, value, whyAsInGraph, List.of(value.type()));
  }

  private static void propose(
      Map<Value, List<Proposal>> proposals, Value value, String from, List<ElementType> types) {
    proposals
        .computeIfAbsent(value.root(), root -> new ArrayList<>())
        .add(new Proposal(from, types));
  }

  /** The type that all take and that stands foremost in their lists, or null. */
  private static @Nullable ElementType agreed(List<Proposal> proposals) {
    ElementType best = null;
    int fewest = Integer.MAX_VALUE;
    for (ElementType type : proposals.getFirst().types()) {
      int places = 0;
      boolean all = true;
      for (Proposal proposal : proposals) {
        int place = proposal.types().indexOf(type);
        all &= place >= 0;
        places += place;
      }
      if (all && places < fewest) {
        best = type;
        fewest = places;
      }
    }
    return best;
  }

  private static String disagreement(Value root, List<Proposal> proposals) {
    List<String> lines = new ArrayList<>();
    for (Proposal proposal : proposals) {
      lines.add(proposal.from() + " (" + proposal.types() + ")");
    }
    return "no element type of " + root + " suits all that touch it: " + String.join(", ", lines);
  }
}
