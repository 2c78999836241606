package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_nms;
import dev.detr4j.op.Nms;
import java.lang.foreign.MemorySegment;

/** {@link Nms} by {@code detr4j_cuda_nms_f32}. */
final class CudaNms implements CudaOp<Nms> {
  @Override
  public CudaStep bind(Nms op, BoundNode node, CudaContext context) {
    MemorySegment p = detr4j_cuda_nms.allocate(context.arena());
    detr4j_cuda_nms.count(p, node.input(0).shape().get(1));
    detr4j_cuda_nms.iou_threshold(p, op.iouThreshold());
    detr4j_cuda_nms.boxes(p, Pointers.toContiguous(node, node.input(0)));
    detr4j_cuda_nms.scores(p, Pointers.toContiguous(node, node.input(1)));
    detr4j_cuda_nms.labels(p, Pointers.toContiguous(node, node.input(2)));
    detr4j_cuda_nms.kept(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_cuda_nms.kept_count(p, Pointers.toContiguous(node, node.output(1)));
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_nms_f32);
  }
}
