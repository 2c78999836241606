package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.gradient.MaxPoolGradient;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link MaxPoolGradient}, one batch item and some channels a tile, so that no two tiles write to
 * one pixel. In plain Java on every fast backend: only a stem that learns needs it, once an image.
 */
public final class HostMaxPoolGradient implements HostOp<MaxPoolGradient> {
  private static final int CHANNELS = 16;

  @Override
  public List<HostKernel> bind(
      MaxPoolGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Floats x = new Floats(node.input(0));
    Floats dy = new Floats(node.input(1));
    Floats dx = new Floats(node.output(0));
    Shape in = node.input(0).shape();
    Shape out = node.input(1).shape();
    int blocks = (in.last() + CHANNELS - 1) / CHANNELS;
    return List.of(
        RowLoop.of(
            in.get(0),
            blocks,
            1 << 20,
            (item, block) -> {
              int first = block * CHANNELS;
              int end = Math.min(first + CHANNELS, in.last());
              clear(dx, item, in, first, end);
              for (int row = 0; row < out.get(1); row++) {
                for (int column = 0; column < out.get(2); column++) {
                  long from = (long) row * out.get(2) + column;
                  for (int c = first; c < end; c++) {
                    long winner = winner(op.of(), x, in, item, row, column, c);
                    dx.set(item, winner, c, dx.get(item, winner, c) + dy.get(item, from, c));
                  }
                }
              }
            }));
  }

  private static void clear(Floats dx, int item, Shape in, int first, int end) {
    long pixels = (long) in.get(1) * in.get(2);
    for (long pixel = 0; pixel < pixels; pixel++) {
      for (int c = first; c < end; c++) {
        dx.set(item, pixel, c, 0);
      }
    }
  }

  private static long winner(
      MaxPool op, Floats x, Shape in, int item, int outRow, int outColumn, int channel) {
    int top = outRow * op.stride() - op.padding();
    int left = outColumn * op.stride() - op.padding();
    int bottom = Math.min(top + op.kernel(), in.get(1));
    int right = Math.min(left + op.kernel(), in.get(2));
    long winner = -1;
    float largest = Float.NEGATIVE_INFINITY;
    for (int row = Math.max(top, 0); row < bottom; row++) {
      for (int column = Math.max(left, 0); column < right; column++) {
        long pixel = (long) row * in.get(2) + column;
        float value = x.get(item, pixel, channel);
        // A NaN wins over every number, and over no NaN before it.
        if (winner < 0 || value > largest || (Float.isNaN(value) && !Float.isNaN(largest))) {
          winner = pixel;
          largest = value;
        }
      }
    }
    return winner;
  }
}
