package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.op.gradient.RowSum;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** {@link RowSum}: sums of channels, then their tiles added up. */
record CRowSum(CpuTier tier) implements HostOp<RowSum> {
  @Override
  public long workspaceBytes(RowSum op, BoundNode node, HostContext context) {
    return ChannelSums.workspaceBytes(node.input(0));
  }

  @Override
  public List<HostKernel> bind(
      RowSum op, BoundNode node, HostContext context, MemorySegment workspace) {
    ChannelSums sums = new ChannelSums(tier, context, node, null, node.input(0), workspace);
    List<HostKernel> phases = new ArrayList<>(sums.sumPhase());
    phases.add(NormSums.addRows(node, sums.tiles(), sums.sums()));
    return phases;
  }
}
