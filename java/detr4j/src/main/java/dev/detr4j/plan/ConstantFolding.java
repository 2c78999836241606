package dev.detr4j.plan;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which part of a graph no input reaches, and no weight that changes: it is the same in every call,
 * and computed once.
 *
 * @param roots the constant roots: those that the graph declares, and those that nodes make of
 *     constants alone
 * @param prologue the nodes that make constants, in order
 * @param body the other nodes, in order: what every call runs
 */
record ConstantFolding(Set<Value> roots, List<Node> prologue, List<Node> body) {
  /**
   * Splits a graph.
   *
   * @throws IllegalStateException when a node that an input reaches writes to a declared constant:
   *     the constants of a plan are shared
   */
  static ConstantFolding of(Graph graph) {
    Set<Value> varying = varyingRoots(graph);
    Set<Value> constants = new HashSet<>(graph.constants().keySet());
    List<Node> prologue = new ArrayList<>();
    List<Node> body = new ArrayList<>();
    for (Node node : graph.nodes()) {
      boolean varies = anyIn(varying, node.outputs());
      (varies ? body : prologue).add(node);
      for (Value output : node.outputs()) {
        Value root = output.root();
        if (varies && graph.constants().containsKey(root)) {
          throw new IllegalStateException(
              "node %s writes what varies into constant %s".formatted(node.label(), root));
        }
        if (!varies) {
          constants.add(root);
        }
      }
    }
    return new ConstantFolding(constants, prologue, body);
  }

  /**
   * The roots that an input reaches, or a weight that changes, and those with memory of their own.
   * A root that constant and varying nodes fill together varies as a whole, and so does all that
   * such a node writes; so the nodes are looked at until none adds a root.
   */
  private static Set<Value> varyingRoots(Graph graph) {
    Set<Value> varying = new HashSet<>();
    graph.inputs().forEach(input -> varying.add(input.root()));
    varying.addAll(graph.placed().keySet());
    for (Node node : graph.nodes()) {
      if (node.weights().stream().anyMatch(weight -> changes(graph, weight))) {
        node.outputs().forEach(output -> varying.add(output.root()));
      }
    }
    boolean grew = true;
    while (grew) {
      grew = false;
      for (Node node : graph.nodes()) {
        if (anyIn(varying, node.inputs()) || anyIn(varying, node.outputs())) {
          for (Value output : node.outputs()) {
            grew |= varying.add(output.root());
          }
        }
      }
    }
    return varying;
  }

  private static boolean changes(Graph graph, Value weight) {
    Weight values = graph.weights().get(weight);
    return values != null && values.changes();
  }

  private static boolean anyIn(Set<Value> roots, Collection<Value> values) {
    return values.stream().anyMatch(value -> roots.contains(value.root()));
  }
}
