package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.op.gradient.GlobalResponseNormGradient;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** {@link GlobalResponseNormGradient}: sums of channels, their factors, and dx of those. */
record CGlobalResponseNormGradient(CpuTier tier) implements HostOp<GlobalResponseNormGradient> {
  @Override
  public long workspaceBytes(GlobalResponseNormGradient op, BoundNode node, HostContext context) {
    return ChannelSums.workspaceBytes(node.input(1));
  }

  @Override
  public List<HostKernel> bind(
      GlobalResponseNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    ChannelSums sums =
        new ChannelSums(tier, context, node, node.input(0), node.input(1), workspace);
    List<HostKernel> phases = new ArrayList<>();
    phases.add(NormSums.noShift(sums.shift()));
    phases.addAll(sums.sumPhase());
    phases.add(
        NormSums.responseNorm(
            op.of(),
            node,
            context.weights().plain(node.weight(0)),
            sums.tilesOfItem(),
            sums.sums(),
            sums.factors()));
    phases.addAll(sums.combinePhase(node.output(0)));
    return phases;
  }
}
