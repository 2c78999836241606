package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of a program run in one launch: a linear layer with the norm behind it, and products
 * of one kind that stand close together and do not wait for each other, as the projections of one
 * map. A product may move ahead of a few nodes, where none of them touches what it touches.
 */
final class Launches {
  /** How many nodes further a product may stand. */
  private static final int REACH = 4;

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
      CudaStep normalised = withNorm(nodes, steps, done, i, arena);
      if (normalised != null) {
        done[i + 1] = true;
        launches.add(new Launch(i, normalised));
      } else {
        List<Integer> together = together(nodes, steps, done, i, arena);
        together.forEach(index -> done[index] = true);
        launches.add(new Launch(i, joined(steps, together, arena)));
      }
    }
    return launches;
  }

  private static @Nullable CudaStep withNorm(
      List<BoundNode> nodes, CudaStep[] steps, boolean[] done, int first, Arena arena) {
    return first + 1 < steps.length && !done[first + 1]
        ? LinearNorm.of(nodes, steps, first, arena)
        : null;
  }

  private static List<Integer> together(
      List<BoundNode> nodes, CudaStep[] steps, boolean[] done, int first, Arena arena) {
    List<Integer> together = new ArrayList<>(List.of(first));
    Precision products = steps[first].products();
    if (products == null) {
      return together;
    }
    int most = Detr4jCuda.DETR4J_CUDA_PRODUCTS_MOST();
    for (int i = first + 1; i < steps.length && i <= first + REACH && together.size() < most; i++) {
      if (!done[i]
          && steps[i].products() == products
          && withNorm(nodes, steps, done, i, arena) == null
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
    Precision products = first.products();
    if (products == null || together.size() == 1) {
      return first;
    }
    long bytes = detr4j_cuda_conv2d.layout().byteSize();
    int count = together.size();
    MemorySegment all = detr4j_cuda_conv2d.allocateArray(count, arena);
    for (int i = 0; i < count; i++) {
      MemorySegment.copy(steps[together.get(i)].parameters(), 0, all, i * bytes, bytes);
    }
    return new CudaStep(all, (queue, p) -> ProductTensors.enqueue(products, queue, p, count));
  }
}
