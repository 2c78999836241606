package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_clamp;
import dev.detr4j.op.Clamp;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Clamp} by {@code detr4j_clamp_f32}. */
record CClamp(CpuTier tier) implements HostOp<Clamp> {
  @Override
  public List<HostKernel> bind(
      Clamp op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_clamp.allocate(context.arena());
    detr4j_clamp.tier(p, tier.id());
    detr4j_clamp.batch(p, x.batch());
    detr4j_clamp.rows(p, x.rows());
    detr4j_clamp.columns(p, x.columns());
    detr4j_clamp.rows_per_tile(
        p, TileSizes.rows(context.threads(), x.batch(), x.rows(), x.columns()));
    detr4j_clamp.least(p, op.least());
    detr4j_clamp.most(p, op.most());
    detr4j_clamp.x(p, Pointers.to(x));
    detr4j_clamp.x_row_stride(p, x.rowStride());
    detr4j_clamp.x_batch_stride(p, x.batchStride());
    detr4j_clamp.out(p, Pointers.to(out));
    detr4j_clamp.out_row_stride(p, out.rowStride());
    detr4j_clamp.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_clamp_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_clamp_f32(parameters, tile));
  }
}
