package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.gradient.MaxPoolGradient;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link MaxPoolGradient}, one batch item a tile. */
final class ReferenceMaxPoolGradient implements HostOp<MaxPoolGradient> {
  @Override
  public List<HostKernel> bind(
      MaxPoolGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements dy = new Elements(node.input(1));
    Elements dx = new Elements(node.output(0));
    Shape in = node.input(0).shape();
    Shape out = node.input(1).shape();
    return List.of(
        TiledLoop.of(
            in.get(0),
            (item, scratch) -> {
              int width = in.get(2);
              for (int c = 0; c < in.last(); c++) {
                double[] sums = new double[in.get(1) * width];
                for (int row = 0; row < out.get(1); row++) {
                  for (int column = 0; column < out.get(2); column++) {
                    int winner = winner(op.of(), x, in, item, row, column, c);
                    sums[winner] += dy.f32(item, (long) row * out.get(2) + column, c);
                  }
                }
                for (int i = 0; i < sums.length; i++) {
                  dx.f32(item, i, c, (float) sums[i]);
                }
              }
            }));
  }

  /** The pixel that gets a window's gradient. */
  private static int winner(
      MaxPool op, Elements x, Shape in, int item, int outRow, int outColumn, int channel) {
    int winner = -1;
    float largest = Float.NaN;
    for (int ky = 0; ky < op.kernel(); ky++) {
      for (int kx = 0; kx < op.kernel(); kx++) {
        int row = outRow * op.stride() - op.padding() + ky;
        int column = outColumn * op.stride() - op.padding() + kx;
        if (row >= 0 && row < in.get(1) && column >= 0 && column < in.get(2)) {
          int pixel = row * in.get(2) + column;
          float value = x.f32(item, pixel, channel);
          if (winner < 0 || ReferenceTopK.isLarger(value, largest)) {
            winner = pixel;
            largest = value;
          }
        }
      }
    }
    return winner;
  }
}
