package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.op.gradient.GlobalResponseNormGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GlobalResponseNormGradient}: sums of channels, their factors, and dx of those. */
final class VectorGlobalResponseNormGradient implements HostOp<GlobalResponseNormGradient> {
  @Override
  public long workspaceBytes(GlobalResponseNormGradient op, BoundNode node, HostContext context) {
    return ChannelSums.workspaceBytes(node.input(1));
  }

  @Override
  public List<HostKernel> bind(
      GlobalResponseNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    ChannelSums sums = new ChannelSums(node.input(0), node.input(1), workspace);
    return List.of(
        NormSums.noShift(sums.shift()),
        sums.sumPhase(),
        NormSums.responseNorm(
            op.of(),
            node,
            context.weights().plain(node.weight(0)),
            sums.tilesOfItem(),
            sums.sums(),
            sums.factors()),
        sums.combinePhase(node.output(0)));
  }
}
