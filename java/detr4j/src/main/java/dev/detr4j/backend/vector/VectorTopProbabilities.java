package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.TopProbabilities;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link TopProbabilities}, a block of rows a tile; in doubles, as so few numbers allow. */
final class VectorTopProbabilities implements HostOp<TopProbabilities> {
  @Override
  public List<HostKernel> bind(
      TopProbabilities op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            op,
            RowBlocks.of(
                node.output(0).batch(), node.output(0).rows(), 4L * op.groups() * op.bins()),
            Rows.of(node.input(0)),
            Rows.of(node.output(0))));
  }

  private record Kernel(TopProbabilities op, RowBlocks blocks, Rows logits, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        for (int group = 0; group < op.groups(); group++) {
          top(
              logits.row(item, row) + 4L * group * op.bins(),
              op.bins(),
              op.k(),
              out.row(item, row) + 4L * group * (op.k() + 1));
        }
      }
    }
  }

  /** Looks for the largest, then the largest behind it, and so on: k is a handful. */
  private static void top(long logits, int bins, int k, long out) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int b = 0; b < bins; b++) {
      largest = Math.max(largest, Memory.getFloat(logits + 4L * b));
    }
    double total = 0;
    for (int b = 0; b < bins; b++) {
      total += Math.exp((double) Memory.getFloat(logits + 4L * b) - largest);
    }
    double sum = 0;
    float last = Float.POSITIVE_INFINITY;
    int lastIndex = -1;
    for (int i = 0; i < k; i++) {
      int next = next(logits, bins, last, lastIndex);
      // Where the largest is no number, so is every probability, whichever bin it is of.
      last = next < 0 ? largest : Memory.getFloat(logits + 4L * next);
      lastIndex = next;
      double probability = Math.exp((double) last - largest) / total;
      Memory.setFloat(out + 4L * i, (float) probability);
      sum += probability;
    }
    Memory.setFloat(out + 4L * k, (float) (sum / k));
  }

  /** The index of the largest logit behind one of that value and index; -1 if all are NaN. */
  private static int next(long logits, int bins, float value, int index) {
    int best = -1;
    float largest = Float.NEGATIVE_INFINITY;
    for (int b = 0; b < bins; b++) {
      float logit = Memory.getFloat(logits + 4L * b);
      boolean behind = logit < value || (logit == value && b > index);
      if (behind && (best < 0 || logit > largest)) {
        best = b;
        largest = logit;
      }
    }
    return best;
  }
}
