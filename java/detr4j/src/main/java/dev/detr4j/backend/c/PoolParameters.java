package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.detr4j_max_pool;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;

/** What both kinds of pooling fill in alike in {@code detr4j_max_pool}. */
final class PoolParameters {
  private PoolParameters() {}

  /** The maps and the window. */
  static MemorySegment of(
      CpuTier tier, BoundNode node, HostContext context, int kernel, int stride, int padding) {
    TensorView x = node.input(0);
    TensorView out = node.output(0);
    int height = out.shape().get(1);
    int width = out.shape().get(2);
    MemorySegment p = detr4j_max_pool.allocate(context.arena());
    detr4j_max_pool.tier(p, tier.id());
    detr4j_max_pool.batch(p, x.batch());
    detr4j_max_pool.in_h(p, x.shape().get(1));
    detr4j_max_pool.in_w(p, x.shape().get(2));
    detr4j_max_pool.channels(p, x.columns());
    detr4j_max_pool.out_h(p, height);
    detr4j_max_pool.out_w(p, width);
    detr4j_max_pool.kernel(p, kernel);
    detr4j_max_pool.stride(p, stride);
    detr4j_max_pool.padding(p, padding);
    long windowElements = (long) width * x.columns() * stride * stride;
    detr4j_max_pool.rows_per_tile(
        p, TileSizes.rows(context.threads(), x.batch(), height, windowElements));
    detr4j_max_pool.x_type(p, TypeCode.of(x.type()));
    detr4j_max_pool.out_type(p, TypeCode.of(out.type()));
    detr4j_max_pool.x(p, Pointers.to(x));
    detr4j_max_pool.x_row_stride(p, x.rowStride());
    detr4j_max_pool.x_batch_stride(p, x.batchStride());
    detr4j_max_pool.out(p, Pointers.to(out));
    detr4j_max_pool.out_row_stride(p, out.rowStride());
    detr4j_max_pool.out_batch_stride(p, out.batchStride());
    return p;
  }
}
