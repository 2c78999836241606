package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_distribution;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link TopProbabilities} by {@code detr4j_top_probabilities_f32}. */
record CTopProbabilities(CpuTier tier) implements HostOp<TopProbabilities> {
  @Override
  public List<HostKernel> bind(
      TopProbabilities op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView logits = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_distribution.allocate(context.arena());
    detr4j_distribution.tier(p, tier.id());
    detr4j_distribution.batch(p, logits.batch());
    detr4j_distribution.queries(p, Math.toIntExact(logits.rows()));
    detr4j_distribution.groups(p, op.groups());
    detr4j_distribution.bins(p, op.bins());
    detr4j_distribution.k(p, op.k());
    detr4j_distribution.queries_per_tile(
        p, TileSizes.rows(context.threads(), logits.batch(), logits.rows(), 4L * logits.columns()));
    detr4j_distribution.logits(p, Pointers.to(logits));
    detr4j_distribution.logits_row_stride(p, logits.rowStride());
    detr4j_distribution.logits_batch_stride(p, logits.batchStride());
    detr4j_distribution.out(p, Pointers.to(out));
    detr4j_distribution.out_row_stride(p, out.rowStride());
    detr4j_distribution.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_top_probabilities_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_top_probabilities_f32(parameters, tile));
  }
}
