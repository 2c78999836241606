package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_top_k;
import dev.detr4j.op.TopK;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link TopK} by {@code detr4j_top_k_f32}, one batch item a tile. */
record CTopK(CpuTier tier) implements HostOp<TopK> {
  @Override
  public List<HostKernel> bind(
      TopK op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView x = node.input(0);
    MemorySegment p = detr4j_top_k.allocate(context.arena());
    detr4j_top_k.tier(p, tier.id());
    detr4j_top_k.batch(p, x.batch());
    detr4j_top_k.rows(p, x.rows());
    detr4j_top_k.columns(p, x.columns());
    detr4j_top_k.k(p, op.k());
    detr4j_top_k.x(p, Pointers.to(x));
    detr4j_top_k.x_row_stride(p, x.rowStride());
    detr4j_top_k.x_batch_stride(p, x.batchStride());
    detr4j_top_k.values(p, Pointers.toContiguous(node, node.output(0)));
    detr4j_top_k.indices(p, Pointers.toContiguous(node, node.output(1)));
    return TileKernel.phase(
        node,
        p,
        x.batch(),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_top_k_f32(parameters, tile));
  }
}
