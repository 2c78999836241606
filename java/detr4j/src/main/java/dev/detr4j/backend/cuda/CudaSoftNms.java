package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_nms;
import dev.detr4j.op.SoftNms;
import java.lang.foreign.MemorySegment;

/** {@link SoftNms} by {@code detr4j_cuda_soft_nms_f32}. */
final class CudaSoftNms implements CudaOp<SoftNms> {
  @Override
  public CudaStep bind(SoftNms op, BoundNode node, CudaContext context) {
    MemorySegment p = detr4j_cuda_nms.allocate(context.arena());
    detr4j_cuda_nms.count(p, node.input(0).shape().get(1));
    detr4j_cuda_nms.iou_threshold(p, op.iouThreshold());
    detr4j_cuda_nms.boxes(p, Pointers.toContiguous(node, node.input(0)));
    detr4j_cuda_nms.scores(p, Pointers.toContiguous(node, node.input(1)));
    detr4j_cuda_nms.labels(p, Pointers.toContiguous(node, node.input(2)));
    detr4j_cuda_nms.decay(p, code(op.decay()));
    detr4j_cuda_nms.sigma(p, op.sigma());
    detr4j_cuda_nms.score_threshold(p, op.scoreThreshold());
    detr4j_cuda_nms.kept_scores(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_cuda_nms.kept(p, Pointers.toContiguous(node, node.output(1)));
    detr4j_cuda_nms.kept_count(p, Pointers.toContiguous(node, node.output(2)));
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_soft_nms_f32);
  }

  private static int code(SoftNms.Decay decay) {
    return switch (decay) {
      case GAUSSIAN -> Detr4jCuda.DETR4J_CUDA_DECAY_GAUSSIAN();
      case LINEAR -> Detr4jCuda.DETR4J_CUDA_DECAY_LINEAR();
      case HARD -> Detr4jCuda.DETR4J_CUDA_DECAY_HARD();
    };
  }
}
