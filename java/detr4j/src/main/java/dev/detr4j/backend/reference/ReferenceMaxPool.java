package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link MaxPool}, one row of output pixels a tile. */
final class ReferenceMaxPool implements HostOp<MaxPool> {
  @Override
  public List<HostKernel> bind(
      MaxPool op, BoundNode node, HostContext context, MemorySegment workspace) {
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
                      largest(op, x, in, item, outRow, outColumn, c));
                }
              }
            }));
  }

  private static float largest(
      MaxPool op, Elements x, Shape in, int item, int outRow, int outColumn, int channel) {
    int height = in.get(1);
    int width = in.get(2);
    float largest = Float.NEGATIVE_INFINITY;
    for (int ky = 0; ky < op.kernel(); ky++) {
      for (int kx = 0; kx < op.kernel(); kx++) {
        int row = outRow * op.stride() - op.padding() + ky;
        int column = outColumn * op.stride() - op.padding() + kx;
        if (row >= 0 && row < height && column >= 0 && column < width) {
          // Math.max returns NaN when either argument is NaN, which is what the contract asks for.
          largest = Math.max(largest, x.f32(item, (long) row * width + column, channel));
        }
      }
    }
    return largest;
  }
}
