package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.op.gradient.GroupNormGradient;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** {@link GroupNormGradient}: sums of channels, their factors, and dx of those. */
record CGroupNormGradient(CpuTier tier) implements HostOp<GroupNormGradient> {
  @Override
  public long workspaceBytes(GroupNormGradient op, BoundNode node, HostContext context) {
    return ChannelSums.workspaceBytes(node.input(1));
  }

  @Override
  public List<HostKernel> bind(
      GroupNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    ChannelSums sums =
        new ChannelSums(tier, context, node, node.input(0), node.input(1), workspace);
    List<HostKernel> phases = new ArrayList<>();
    phases.add(NormSums.shiftByFirstRow(node.input(0), sums.shift()));
    phases.addAll(sums.sumPhase());
    phases.add(
        NormSums.groupNorm(
            op.of(),
            node,
            context.weights().plain(node.weight(0)),
            sums.tilesOfItem(),
            sums.sums(),
            sums.shift(),
            sums.factors()));
    phases.addAll(sums.combinePhase(node.output(0)));
    return phases;
  }
}
