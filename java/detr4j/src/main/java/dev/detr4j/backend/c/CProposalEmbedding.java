package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.SineDivisors;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_proposal_embedding;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link ProposalEmbedding} by {@code detr4j_proposal_embedding_f32}. */
record CProposalEmbedding(CpuTier tier) implements HostOp<ProposalEmbedding> {
  /** A sine takes about as long as copying this many elements. */
  private static final int SINE_COST = 8;

  @Override
  public List<HostKernel> bind(
      ProposalEmbedding op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView boxes = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_proposal_embedding.allocate(context.arena());
    detr4j_proposal_embedding.tier(p, tier.id());
    detr4j_proposal_embedding.batch(p, boxes.batch());
    detr4j_proposal_embedding.queries(p, Math.toIntExact(boxes.rows()));
    detr4j_proposal_embedding.features(p, op.features());
    detr4j_proposal_embedding.queries_per_tile(
        p,
        TileSizes.rows(
            context.threads(), boxes.batch(), boxes.rows(), 4L * op.features() * SINE_COST));
    detr4j_proposal_embedding.divisors(
        p, Pointers.toCopy(context.arena(), SineDivisors.of(op.features())));
    detr4j_proposal_embedding.boxes(p, Pointers.to(boxes));
    detr4j_proposal_embedding.boxes_row_stride(p, boxes.rowStride());
    detr4j_proposal_embedding.boxes_batch_stride(p, boxes.batchStride());
    detr4j_proposal_embedding.out(p, Pointers.to(out));
    detr4j_proposal_embedding.out_row_stride(p, out.rowStride());
    detr4j_proposal_embedding.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_proposal_embedding_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_proposal_embedding_f32(parameters, tile));
  }
}
