package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.SineDivisors;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_cuda_proposal_embedding;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** {@link ProposalEmbedding} by {@code detr4j_cuda_proposal_embedding_f32}. */
final class CudaProposalEmbedding implements CudaOp<ProposalEmbedding> {
  @Override
  public CudaStep bind(ProposalEmbedding op, BoundNode node, CudaContext context) {
    TensorView boxes = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_cuda_proposal_embedding.allocate(context.arena());
    detr4j_cuda_proposal_embedding.batch(p, boxes.batch());
    detr4j_cuda_proposal_embedding.queries(p, Math.toIntExact(boxes.rows()));
    detr4j_cuda_proposal_embedding.features(p, op.features());
    detr4j_cuda_proposal_embedding.divisors(p, context.table(SineDivisors.of(op.features())));
    detr4j_cuda_proposal_embedding.boxes(p, Pointers.to(boxes));
    detr4j_cuda_proposal_embedding.boxes_row_stride(p, boxes.rowStride());
    detr4j_cuda_proposal_embedding.boxes_batch_stride(p, boxes.batchStride());
    detr4j_cuda_proposal_embedding.out(p, Pointers.to(out));
    detr4j_cuda_proposal_embedding.out_row_stride(p, out.rowStride());
    detr4j_cuda_proposal_embedding.out_batch_stride(p, out.batchStride());
    return new CudaStep(p, Detr4jCuda::detr4j_cuda_proposal_embedding_f32);
  }
}
