package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.TopK;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** {@link TopK}, one batch item a tile: takes the largest of what is left, k times. */
final class ReferenceTopK implements HostOp<TopK> {
  @Override
  public List<HostKernel> bind(
      TopK op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements x = new Elements(node.input(0));
    Elements values = new Elements(node.output(0));
    Elements indices = new Elements(node.output(1));
    Shape shape = node.input(0).shape();
    int columns = shape.last();
    boolean[][] taken = new boolean[shape.get(0)][Math.toIntExact((long) shape.get(1) * columns)];
    return List.of(
        TiledLoop.of(
            shape.get(0),
            (item, scratch) -> {
              Arrays.fill(taken[item], false);
              for (int i = 0; i < op.k(); i++) {
                int best = -1;
                float bestScore = Float.NaN;
                for (int s = 0; s < taken[item].length; s++) {
                  float score = x.f32(item, s / columns, s % columns);
                  if (!taken[item][s] && (best < 0 || isLarger(score, bestScore))) {
                    best = s;
                    bestScore = score;
                  }
                }
                taken[item][best] = true;
                values.f32(item, 0, i, bestScore);
                indices.i32(item, 0, i, best);
              }
            }));
  }

  /** Strictly larger, with NaN above all numbers. */
  static boolean isLarger(float a, float b) {
    return a > b || (Float.isNaN(a) && !Float.isNaN(b));
  }
}
