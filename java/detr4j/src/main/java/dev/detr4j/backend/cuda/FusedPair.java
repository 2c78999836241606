package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.List;

/** What the memory of a linear layer and the node behind it must be like for one launch of both. */
final class FusedPair {
  private FusedPair() {}

  /**
   * Whether what is written harms nothing that is still read: blocks read rows of the input while
   * others write, but of what else goes in, each thread reads only what it writes itself.
   */
  static boolean inPlace(BoundNode linear, BoundNode behind) {
    List<TensorView> written = behind.outputs();
    List<TensorView> added = new ArrayList<>(linear.inputs().subList(1, linear.inputs().size()));
    added.addAll(behind.inputs().subList(1, behind.inputs().size()));
    if (!Places.apart(written, linear.inputs().subList(0, 1))) {
      return false;
    }
    for (TensorView out : written) {
      if (Places.touch(out, linear.output(0)) && !out.equals(linear.output(0))) {
        return false;
      }
      for (TensorView other : added) {
        if (Places.touch(out, other) && !out.equals(other)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether nodes from this one on, or whoever sees the program's end, may read what is there. */
  static boolean isReadLater(List<BoundNode> nodes, int from, TensorView place) {
    for (BoundNode node : nodes.subList(from, nodes.size())) {
      if (!Places.apart(node.inputs(), List.of(place))) {
        return true;
      }
      for (TensorView written : node.outputs()) {
        if (Places.covers(written, place)) {
          return false;
        }
      }
    }
    return true;
  }
}
