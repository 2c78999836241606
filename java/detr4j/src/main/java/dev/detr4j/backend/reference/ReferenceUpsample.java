package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Upsample;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Upsample}, one row of output pixels a tile. */
final class ReferenceUpsample implements HostOp<Upsample> {
  @Override
  public List<HostKernel> bind(
      Upsample op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    Shape shape = node.output(0).shape();
    int outHeight = shape.get(1);
    int outWidth = shape.get(2);
    int inWidth = node.input(0).shape().get(2);
    return List.of(
        TiledLoop.of(
            (long) shape.get(0) * outHeight,
            (tile, scratch) -> {
              int item = tile / outHeight;
              int row = tile % outHeight;
              for (int column = 0; column < outWidth; column++) {
                long from = (long) (row / op.factor()) * inWidth + column / op.factor();
                for (int c = 0; c < shape.last(); c++) {
                  out.f32(item, (long) row * outWidth + column, c, x.f32(item, from, c));
                }
              }
            }));
  }
}
