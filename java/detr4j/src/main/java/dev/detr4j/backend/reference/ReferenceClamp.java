package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Clamp;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Clamp}, one row a tile. */
final class ReferenceClamp implements HostOp<Clamp> {
  @Override
  public List<HostKernel> bind(
      Clamp op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
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
                float value = x.f32(item, row, c);
                // Written so that NaN stays NaN.
                out.f32(
                    item,
                    row,
                    c,
                    value < op.least() ? op.least() : value > op.most() ? op.most() : value);
              }
            }));
  }
}
