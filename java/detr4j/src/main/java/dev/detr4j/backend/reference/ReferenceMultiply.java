package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Multiply;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Multiply}, one row a tile. */
final class ReferenceMultiply implements HostOp<Multiply> {
  @Override
  public List<HostKernel> bind(
      Multiply op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements a = new Elements(node.input(0));
    Elements b = new Elements(node.input(1));
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
                out.f32(item, row, c, a.f32(item, row, c) * b.f32(item, row, c));
              }
            }));
  }
}
