package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Gate;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Gate}, one row a tile. */
final class ReferenceGate implements HostOp<Gate> {
  @Override
  public List<HostKernel> bind(
      Gate op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements logits = new Elements(node.input(0));
    Elements values = new Elements(node.input(1));
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
                double first = values.f32(item, row, c) / (1 + Math.exp(-logits.f32(item, row, c)));
                int other = c + columns;
                double second =
                    values.f32(item, row, other) / (1 + Math.exp(-logits.f32(item, row, other)));
                out.f32(item, row, c, (float) (first + second));
              }
            }));
  }
}
