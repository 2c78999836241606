package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link MaxPool} by {@code detr4j_max_pool_f32}, or by {@code detr4j_max_pool_bf16} where what is
 * read or written may be rounded.
 *
 * @param maps the type that maps may be stored in; a maximum is exact in every type
 */
record CMaxPool(CpuTier tier, ElementType maps) implements HostOp<MaxPool> {
  @Override
  public OperandTypes operandTypes(MaxPool op) {
    if (maps == ElementType.F32) {
      return OperandTypes.AS_IN_GRAPH;
    }
    List<List<ElementType>> map = List.of(List.of(maps, ElementType.F32));
    return new OperandTypes(ElementType.F32, map, map);
  }

  @Override
  public List<HostKernel> bind(
      MaxPool op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p =
        PoolParameters.of(tier, node, context, op.kernel(), op.stride(), op.padding());
    if (maps == ElementType.BF16) {
      return TileKernel.phase(
          node,
          p,
          Detr4jAbi.detr4j_max_pool_bf16_tiles(p),
          0,
          (parameters, tile, scratch) -> Detr4jAbi.detr4j_max_pool_bf16(parameters, tile));
    }
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_max_pool_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_max_pool_f32(parameters, tile));
  }
}
