package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of a program run in one launch: a linear layer with the norm or the refinement behind
 * it, and products or group norms of one kind that stand close together and do not wait for each
 * other, as the projections of one map. A node may move ahead of a few others, where none of them
 * touches what it touches.
 */
final class Launches {
  /** How many nodes further one may stand: four levels of a neck, each a product and its norm. */
  static final int REACH = 6;

  /**
   * What one call of the library puts on the queue.
   *
   * @param first the node that it stands in the place of
   */
  record Launch(int first, CudaStep step) {}

  private Launches() {}

  /**
   * The launches of a program, in order.
   *
   * @param steps of the nodes
   * @param arena for the parameters of several products
   */
  static List<Launch> of(List<BoundNode> nodes, CudaStep[] steps, Arena arena) {
    List<Launch> launches = new ArrayList<>();
    boolean[] done = new boolean[steps.length];
    for (int i = 0; i < steps.length; i++) {
      if (done[i]) {
        continue;
      }
      CudaStep pair = pair(nodes, steps, done, i, arena);
      if (pair != null) {
        done[i + 1] = true;
        launches.add(new Launch(i, pair));
      } else {
        List<Integer> together = together(nodes, steps, done, i, arena);
        together.forEach(index -> done[index] = true);
        launches.add(new Launch(i, joined(steps, together, arena)));
      }
    }
    return launches;
  }

  /** A linear layer with what is behind it, or null. */
  private static @Nullable CudaStep pair(
      List<BoundNode> nodes, CudaStep[] steps, boolean[] done, int first, Arena arena) {
    if (first + 1 == steps.length || done[first + 1]) {
      return null;
    }
    CudaStep normalised = LinearNorm.of(nodes, steps, first, arena);
    return normalised != null ? normalised : BoxHead.of(nodes, steps, first, arena);
  }

  private static List<Integer> together(
      List<BoundNode> nodes, CudaStep[] steps, boolean[] done, int first, Arena arena) {
    List<Integer> together = new ArrayList<>(List.of(first));
    CudaStep.Joint joint = steps[first].joint();
    if (joint == null) {
      return together;
    }
    int end = Math.min(steps.length, first + REACH + 1);
    for (int i = first + 1; i < end && together.size() < joint.most(); i++) {
      CudaStep.Joint other = steps[i].joint();
      if (!done[i]
          && other != null
          && other.kind().equals(joint.kind())
          && pair(nodes, steps, done, i, arena) == null
          && mayMove(nodes, done, first, i)) {
        together.add(i);
      }
    }
    return together;
  }

  /** Whether a node can run before everything from another one on. */
  private static boolean mayMove(List<BoundNode> nodes, boolean[] done, int to, int from) {
    for (int i = to; i < from; i++) {
      if (!done[i] && !independent(nodes.get(i), nodes.get(from))) {
        return false;
      }
    }
    return true;
  }

  private static boolean independent(BoundNode a, BoundNode b) {
    return Places.apart(a.outputs(), b.outputs())
        && Places.apart(a.outputs(), b.inputs())
        && Places.apart(a.inputs(), b.outputs());
  }

  private static CudaStep joined(CudaStep[] steps, List<Integer> together, Arena arena) {
    CudaStep first = steps[together.getFirst()];
    CudaStep.Joint joint = first.joint();
    if (joint == null || together.size() == 1) {
      return first;
    }
    long bytes = first.parameters().byteSize();
    int count = together.size();
    MemorySegment all = arena.allocate(count * bytes, 8);
    for (int i = 0; i < count; i++) {
      MemorySegment.copy(steps[together.get(i)].parameters(), 0, all, i * bytes, bytes);
    }
    return new CudaStep(all, (queue, p) -> joint.operation().enqueue(queue, p, count));
  }
}
