package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Gather;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Gather}, one row a tile. */
final class ReferenceGather implements HostOp<Gather> {
  @Override
  public List<HostKernel> bind(
      Gather op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements indices = new Elements(node.input(1));
    Elements out = new Elements(node.output(0));
    int picked = node.output(0).shape().get(1);
    int columns = node.output(0).columns();
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * picked,
            (tile, scratch) -> {
              int item = tile / picked;
              int row = tile % picked;
              int source = indices.i32(item, 0, row);
              for (int c = 0; c < columns; c++) {
                out.f32(item, row, c, x.f32(item, source, c));
              }
            }));
  }
}
