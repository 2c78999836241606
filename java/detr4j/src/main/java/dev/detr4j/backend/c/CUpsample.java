package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_upsample;
import dev.detr4j.op.Upsample;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Upsample} by {@code detr4j_upsample_f32}. */
record CUpsample(CpuTier tier) implements HostOp<Upsample> {
  @Override
  public List<HostKernel> bind(
      Upsample op, BoundNode node, HostContext context, MemorySegment workspace) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    int height = x.shape().get(1);
    int width = x.shape().get(2);
    MemorySegment p = detr4j_upsample.allocate(context.arena());
    detr4j_upsample.tier(p, tier.id());
    detr4j_upsample.batch(p, x.batch());
    detr4j_upsample.in_h(p, height);
    detr4j_upsample.in_w(p, width);
    detr4j_upsample.channels(p, x.columns());
    detr4j_upsample.factor(p, op.factor());
    long rowElements = (long) op.factor() * op.factor() * width * x.columns();
    detr4j_upsample.rows_per_tile(
        p, TileSizes.rows(context.threads(), x.batch(), height, rowElements));
    detr4j_upsample.x(p, Pointers.to(x));
    detr4j_upsample.x_row_stride(p, x.rowStride());
    detr4j_upsample.x_batch_stride(p, x.batchStride());
    detr4j_upsample.out(p, Pointers.to(out));
    detr4j_upsample.out_row_stride(p, out.rowStride());
    detr4j_upsample.out_batch_stride(p, out.batchStride());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_upsample_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_upsample_f32(parameters, tile));
  }
}
