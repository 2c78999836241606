package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.tensor.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Linear} by {@link ImplicitGemm}: a map one pixel wide. */
final class VectorLinear implements HostOp<Linear> {
  @Override
  public List<HostKernel> bind(
      Linear op, BoundNode node, HostContext context, MemorySegment workspace) {
    int rows = Math.toIntExact(node.output(0).rows());
    MemorySegment weight =
        PanelPacking.weight(
            context.weights(), op, node.weight(0), RegisterTile.TILE_COLUMNS, ElementType.F32);
    long bias = PanelBias.address(context, node.weightOrNull(1), op.outFeatures(), 1);
    return List.of(
        new ImplicitGemm(
            Window.ofRows(rows),
            new ImplicitGemm.Channels(op.inFeatures(), op.outFeatures(), 1),
            Maps.of(node, op.hasResidual()),
            op.rowMask() == RowMask.NONE
                ? ImplicitGemm.Mask.NONE
                : new ImplicitGemm.Mask(op.rowMask(), Rows.of(node.inputs().getLast())),
            new PackedWeights(weight.address(), bias),
            op.activation(),
            context.threads()));
  }
}
