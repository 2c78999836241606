package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.op.AveragePool;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link AveragePool} by {@code detr4j_average_pool_f32}. */
record CAveragePool(CpuTier tier) implements HostOp<AveragePool> {
  @Override
  public List<HostKernel> bind(
      AveragePool op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = PoolParameters.of(tier, node, context, op.kernel(), op.stride(), 0);
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_average_pool_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_average_pool_f32(parameters, tile));
  }
}
