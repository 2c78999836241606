package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_gather;
import dev.detr4j.op.Gather;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Gather} by {@code detr4j_gather_f32}, one batch item a tile. */
record CGather(CpuTier tier) implements HostOp<Gather> {
  @Override
  public List<HostKernel> bind(
      Gather op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView x = node.input(0);
    TensorView indices = node.input(1);
    TensorView out = node.output(0);
    MemorySegment p = detr4j_gather.allocate(context.arena());
    detr4j_gather.tier(p, tier.id());
    detr4j_gather.batch(p, x.batch());
    detr4j_gather.rows(p, x.rows());
    detr4j_gather.columns(p, x.columns());
    detr4j_gather.k(p, indices.columns());
    detr4j_gather.x(p, Pointers.to(x));
    detr4j_gather.x_row_stride(p, x.rowStride());
    detr4j_gather.x_batch_stride(p, x.batchStride());
    detr4j_gather.indices(p, Pointers.toContiguous(node, indices));
    detr4j_gather.out(p, Pointers.to(out));
    detr4j_gather.out_row_stride(p, out.rowStride());
    detr4j_gather.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        x.batch(),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_gather_f32(parameters, tile));
  }
}
