package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Activation;
import dev.detr4j.op.gradient.ActivationGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link ActivationGradient}, one row a tile. */
final class ReferenceActivationGradient implements HostOp<ActivationGradient> {
  @Override
  public List<HostKernel> bind(
      ActivationGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements dy = new Elements(node.input(0));
    Elements at = new Elements(node.input(1));
    Elements out = new Elements(node.output(0));
    int rows = Math.toIntExact(node.output(0).rows());
    int columns = node.output(0).columns();
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * rows,
            (tile, scratch) -> {
              int item = tile / rows;
              int row = tile % rows;
              for (int c = 0; c < columns; c++) {
                float gradient = dy.f32(item, row, c);
                float x = at.f32(item, row, c);
                out.f32(
                    item,
                    row,
                    c,
                    op.activation() == Activation.RELU
                        ? (x <= 0 ? 0 : gradient)
                        : (float) (gradient * geluSlope(x)));
              }
            }));
  }

  private static double geluSlope(double z) {
    return 0.5 * (1 + Activations.erf(z / Math.sqrt(2)))
        + z * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  }
}
