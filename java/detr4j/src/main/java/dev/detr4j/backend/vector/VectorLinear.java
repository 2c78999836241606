package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.PanelPacking;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Linear} by {@link ImplicitGemm}: a map one pixel wide. */
final class VectorLinear implements HostOp<Linear> {
  @Override
  public List<HostKernel> bind(
      Linear op, BoundNode node, HostContext context, MemorySegment workspace) {
    int rows = Math.toIntExact(node.output(0).rows());
    return List.of(
        new ImplicitGemm(
            Window.ofRows(rows),
            node.output(0).batch(),
            1,
            op.inFeatures(),
            op.outFeatures(),
            Rows.of(node.input(0)),
            op.hasResidual() ? Rows.of(node.input(1)) : Rows.none(),
            op.rowMask() == RowMask.NONE
                ? Rows.none()
                : Rows.of(node.input(node.inputs().size() - 1)),
            Rows.of(node.output(0)),
            PanelPacking.weight(context.weights(), op, RegisterTile.TILE_COLUMNS).address(),
            PanelBias.address(context, op.bias(), op.outFeatures(), 1),
            op.rowMask(),
            op.activation(),
            context.threads()));
  }
}
