package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.gradient.Spread;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Spread}, one row of output pixels a tile. */
final class ReferenceSpread implements HostOp<Spread> {
  @Override
  public List<HostKernel> bind(
      Spread op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    Shape in = node.input(0).shape();
    return List.of(
        TiledLoop.of(
            (long) in.get(0) * op.height(),
            (tile, scratch) -> {
              int item = tile / op.height();
              int row = tile % op.height();
              for (int column = 0; column < op.width(); column++) {
                boolean filled =
                    row % op.stride() == 0
                        && column % op.stride() == 0
                        && row / op.stride() < in.get(1)
                        && column / op.stride() < in.get(2);
                long from = (long) (row / op.stride()) * in.get(2) + column / op.stride();
                for (int c = 0; c < in.last(); c++) {
                  out.f32(
                      item, (long) row * op.width() + column, c, filled ? x.f32(item, from, c) : 0);
                }
              }
            }));
  }
}
