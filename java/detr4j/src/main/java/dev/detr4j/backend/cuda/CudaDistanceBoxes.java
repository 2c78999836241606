package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_distribution;
import dev.detr4j.op.DistanceBoxes;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link DistanceBoxes} by {@code detr4j_cuda_distance_boxes_f32}. */
final class CudaDistanceBoxes implements CudaOp<DistanceBoxes> {
  @Override
  public CudaStep bind(DistanceBoxes op, BoundNode node, CudaContext context) {
    TensorView logits = node.input(0);
    TensorView boxes = node.input(1);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_distribution.allocate(context.arena());
    detr4j_cuda_distribution.batch(p, logits.batch());
    detr4j_cuda_distribution.queries(p, Math.toIntExact(logits.rows()));
    detr4j_cuda_distribution.groups(p, 4);
    detr4j_cuda_distribution.bins(p, op.bins());
    detr4j_cuda_distribution.worth(p, context.weights().plain(node.weight(0)));
    detr4j_cuda_distribution.scale(p, context.weights().plain(node.weight(1)));
    detr4j_cuda_distribution.logits(p, Pointers.to(logits));
    detr4j_cuda_distribution.logits_row_stride(p, logits.rowStride());
    detr4j_cuda_distribution.logits_batch_stride(p, logits.batchStride());
    detr4j_cuda_distribution.boxes(p, Pointers.to(boxes));
    detr4j_cuda_distribution.boxes_row_stride(p, boxes.rowStride());
    detr4j_cuda_distribution.boxes_batch_stride(p, boxes.batchStride());
    detr4j_cuda_distribution.out(p, Pointers.to(out));
    detr4j_cuda_distribution.out_row_stride(p, out.rowStride());
    detr4j_cuda_distribution.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_distance_boxes_f32);
  }
}
