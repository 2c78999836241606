package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.RowMax;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link RowMax}, one row a tile. */
final class ReferenceRowMax implements HostOp<RowMax> {
  @Override
  public List<HostKernel> bind(
      RowMax op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    int rows = Math.toIntExact(node.input(0).rows());
    int columns = node.input(0).columns();
    return List.of(
        TiledLoop.of(
            (long) node.input(0).batch() * rows,
            (tile, scratch) -> {
              int item = tile / rows;
              int row = tile % rows;
              float largest = Float.NEGATIVE_INFINITY;
              for (int c = 0; c < columns; c++) {
                // Math.max returns NaN when either argument is NaN.
                largest = Math.max(largest, x.f32(item, row, c));
              }
              out.f32(item, row, 0, largest);
            }));
  }
}
