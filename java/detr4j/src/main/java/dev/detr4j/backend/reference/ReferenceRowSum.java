package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.gradient.RowSum;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link RowSum} in one tile. */
final class ReferenceRowSum implements HostOp<RowSum> {
  @Override
  public List<HostKernel> bind(
      RowSum op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements before = new Elements(node.input(1));
    Elements after = new Elements(node.output(0));
    int batch = node.input(0).batch();
    long rows = node.input(0).rows();
    int columns = node.input(0).columns();
    return List.of(
        TiledLoop.of(
            1,
            (tile, scratch) -> {
              for (int c = 0; c < columns; c++) {
                double sum = before.f32(0, 0, c);
                for (int item = 0; item < batch; item++) {
                  for (long row = 0; row < rows; row++) {
                    sum += x.f32(item, row, c);
                  }
                }
                after.f32(0, 0, c, (float) sum);
              }
            }));
  }
}
