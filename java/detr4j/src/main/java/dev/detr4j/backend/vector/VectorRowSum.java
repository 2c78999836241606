package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.op.gradient.RowSum;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link RowSum}: sums of channels, then their tiles added up. */
final class VectorRowSum implements HostOp<RowSum> {
  @Override
  public long workspaceBytes(RowSum op, BoundNode node, HostContext context) {
    return ChannelSums.workspaceBytes(node.input(0));
  }

  @Override
  public List<HostKernel> bind(
      RowSum op, BoundNode node, HostContext context, MemorySegment workspace) {
    ChannelSums sums = new ChannelSums(null, node.input(0), workspace);
    return List.of(sums.sumPhase(), NormSums.addRows(node, sums.tiles(), sums.sums()));
  }
}
