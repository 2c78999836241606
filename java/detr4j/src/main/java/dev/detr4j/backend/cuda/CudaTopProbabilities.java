package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_distribution;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link TopProbabilities} by {@code detr4j_cuda_top_probabilities_f32}. */
final class CudaTopProbabilities implements CudaOp<TopProbabilities> {
  @Override
  public CudaStep bind(TopProbabilities op, BoundNode node, CudaContext context) {
    TensorView logits = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_distribution.allocate(context.arena());
    detr4j_cuda_distribution.batch(p, logits.batch());
    detr4j_cuda_distribution.queries(p, Math.toIntExact(logits.rows()));
    detr4j_cuda_distribution.groups(p, op.groups());
    detr4j_cuda_distribution.bins(p, op.bins());
    detr4j_cuda_distribution.k(p, op.k());
    detr4j_cuda_distribution.logits(p, Pointers.to(logits));
    detr4j_cuda_distribution.logits_row_stride(p, logits.rowStride());
    detr4j_cuda_distribution.logits_batch_stride(p, logits.batchStride());
    detr4j_cuda_distribution.out(p, Pointers.to(out));
    detr4j_cuda_distribution.out_row_stride(p, out.rowStride());
    detr4j_cuda_distribution.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_top_probabilities_f32);
  }
}
