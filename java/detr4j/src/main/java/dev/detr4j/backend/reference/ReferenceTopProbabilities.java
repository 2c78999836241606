package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.TopProbabilities;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** {@link TopProbabilities}, one row a tile. */
final class ReferenceTopProbabilities implements HostOp<TopProbabilities> {
  @Override
  public List<HostKernel> bind(
      TopProbabilities op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements logits = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    int rows = Math.toIntExact(node.output(0).rows());
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * rows,
            (tile, scratch) -> {
              for (int group = 0; group < op.groups(); group++) {
                top(op, logits, out, tile / rows, tile % rows, group);
              }
            }));
  }

  private static void top(
      TopProbabilities op, Elements logits, Elements out, int item, int row, int group) {
    double[] values = new double[op.bins()];
    for (int b = 0; b < op.bins(); b++) {
      values[b] = logits.f32(item, row, group * op.bins() + b);
    }
    double largest = Arrays.stream(values).max().orElseThrow();
    double total = 0;
    for (double value : values) {
      total += Math.exp(value - largest);
    }
    // Sorting puts NaN last, where the largest are taken from.
    Arrays.sort(values);
    double mean = 0;
    for (int i = 0; i < op.k(); i++) {
      double probability = Math.exp(values[op.bins() - 1 - i] - largest) / total;
      out.f32(item, row, group * (op.k() + 1) + i, (float) probability);
      mean += probability / op.k();
    }
    out.f32(item, row, group * (op.k() + 1) + op.k(), (float) mean);
  }
}
