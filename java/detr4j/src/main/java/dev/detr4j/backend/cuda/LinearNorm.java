package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.Linear;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer and the layer normalisation behind it as one launch, {@code
 * detr4j_cuda_linear_norm_f32} or a sibling: a block has whole rows.
 */
final class LinearNorm {
  private LinearNorm() {}

  /** Whether a kernel has these two, wherever their tensors are. */
  static boolean exists(OpSpec op, OpSpec next) {
    return op instanceof Linear linear
        && next instanceof LayerNorm
        && linear.activation() == Activation.NONE
        && linear.rowMask() == RowMask.NONE
        && linear.outFeatures() <= Detr4jCuda.DETR4J_CUDA_LINEAR_NORM_MOST();
  }

  /**
   * The launch of a node and the next one, or null where they cannot share one.
   *
   * @param arena for parameters
   */
  static @Nullable CudaStep of(List<BoundNode> nodes, CudaStep[] steps, int first, Arena arena) {
    if (first + 1 == steps.length) {
      return null;
    }
    BoundNode linear = nodes.get(first);
    BoundNode norm = nodes.get(first + 1);
    Precision products = steps[first].products();
    if (products == null
        || !exists(linear.op(), norm.op())
        || !norm.input(0).equals(linear.output(0))
        || !FusedPair.inPlace(linear, norm)) {
      return null;
    }
    MemorySegment p = detr4j_cuda_conv2d.allocate(arena);
    p.copyFrom(steps[first].parameters());
    TensorView sums = linear.output(0);
    if (!FusedPair.isReadLater(nodes, first + 2, sums) || norm.outputs().contains(sums)) {
      detr4j_cuda_conv2d.out(p, MemorySegment.NULL);
    }
    MemorySegment q = steps[first + 1].parameters();
    return new CudaStep(
        p, (queue, parameters) -> ProductTensors.enqueueWithNorm(products, queue, parameters, q));
  }
}
