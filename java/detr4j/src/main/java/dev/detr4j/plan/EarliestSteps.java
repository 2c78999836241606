package dev.detr4j.plan;

import dev.detr4j.backend.NodeSharing;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import java.util.List;

/** At which step a backend may run each node at the earliest, to let it share a launch. */
final class EarliestSteps {
  private EarliestSteps() {}

  /**
   * The steps of nodes. A node may run beside another one that runs in its turn, where it waits for
   * none of the nodes from there on, but for those that went ahead themselves.
   */
  static int[] of(List<Node> nodes, NodeSharing sharing) {
    int[] earliest = new int[nodes.size()];
    for (int step = 0; step < earliest.length; step++) {
      earliest[step] = step;
      for (int i = Math.max(0, step - sharing.reach()); i < step; i++) {
        if (earliest[i] == i
            && sharing.beside(nodes.get(i).op(), nodes.get(step).op())
            && mayRun(nodes, earliest, i, step)) {
          earliest[step] = i;
          break;
        }
      }
    }
    return earliest;
  }

  private static boolean mayRun(List<Node> nodes, int[] earliest, int at, int step) {
    for (int i = at; i < step; i++) {
      if (earliest[i] >= at && waits(nodes.get(step), nodes.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean waits(Node node, Node earlier) {
    for (Value input : node.inputs()) {
      for (Value output : earlier.outputs()) {
        if (input.root().equals(output.root())) {
          return true;
        }
      }
    }
    return false;
  }
}
