package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.AveragePool;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link AveragePool}, one row of output pixels a tile. */
final class ReferenceAveragePool implements HostOp<AveragePool> {
  @Override
  public List<HostKernel> bind(
      AveragePool op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    Shape in = node.input(0).shape();
    Shape shape = node.output(0).shape();
    int outHeight = shape.get(1);
    int outWidth = shape.get(2);
    return List.of(
        TiledLoop.of(
            (long) shape.get(0) * outHeight,
            (tile, scratch) -> {
              int item = tile / outHeight;
              int outRow = tile % outHeight;
              for (int outColumn = 0; outColumn < outWidth; outColumn++) {
                for (int c = 0; c < shape.last(); c++) {
                  out.f32(
                      item,
                      (long) outRow * outWidth + outColumn,
                      c,
                      mean(op, x, in, item, outRow, outColumn, c));
                }
              }
            }));
  }

  private static float mean(
      AveragePool op, Elements x, Shape in, int item, int outRow, int outColumn, int channel) {
    int height = in.get(1);
    int width = in.get(2);
    double sum = 0;
    int count = 0;
    for (int ky = 0; ky < op.kernel(); ky++) {
      for (int kx = 0; kx < op.kernel(); kx++) {
        int row = outRow * op.stride() + ky;
        int column = outColumn * op.stride() + kx;
        if (row < height && column < width) {
          sum += x.f32(item, (long) row * width + column, channel);
          count++;
        }
      }
    }
    return (float) (sum / count);
  }
}
