package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.op.Gate;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Gate} by {@code detr4j_gate_f32}. */
record CGate(CpuTier tier) implements HostOp<Gate> {
  @Override
  public List<HostKernel> bind(
      Gate op, BoundNode node, HostContext context, MemorySegment workspace) {
    MemorySegment p = PairParameters.of(tier, node, context, 4L * node.output(0).columns());
    return TileKernel.phase(
        node,
        p,
        Detr4jAbi.detr4j_gate_f32_tiles(p),
        0,
        (parameters, tile, scratch) -> Detr4jAbi.detr4j_gate_f32(parameters, tile));
  }
}
