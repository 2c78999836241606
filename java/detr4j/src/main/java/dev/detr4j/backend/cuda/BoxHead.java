package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.op.Activation;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Linear;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The last layer of a box head and the refinement behind it as one launch, {@code
 * detr4j_cuda_box_head_f32}.
 */
final class BoxHead {
  private BoxHead() {}

  /** Whether a kernel has these two, wherever their tensors are. */
  static boolean exists(OpSpec op, OpSpec next) {
    return op instanceof Linear linear
        && next instanceof BoxRefinement refinement
        && linear.activation() == Activation.NONE
        && linear.rowMask() == RowMask.NONE
        && !linear.hasResidual()
        && linear.outFeatures() == refinement.columns()
        && linear.outFeatures() <= 4;
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
    BoundNode refinement = nodes.get(first + 1);
    TensorView delta = linear.output(0);
    if (steps[first].products() != Precision.FP32
        || !exists(linear.op(), refinement.op())
        || !refinement.input(0).equals(delta)
        || !FusedPair.inPlace(linear, refinement)) {
      return null;
    }
    MemorySegment p = detr4j_cuda_conv2d.allocate(arena);
    p.copyFrom(steps[first].parameters());
    if (!FusedPair.isReadLater(nodes, first + 2, delta) || refinement.outputs().contains(delta)) {
      detr4j_cuda_conv2d.out(p, MemorySegment.NULL);
    }
    MemorySegment q = steps[first + 1].parameters();
    return new CudaStep(
        p, (queue, parameters) -> Detr4jCuda.detr4j_cuda_box_head_f32(queue, parameters, q));
  }
}
