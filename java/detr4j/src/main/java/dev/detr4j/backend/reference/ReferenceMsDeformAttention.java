package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link MsDeformAttention}, one query of one batch item a tile. */
final class ReferenceMsDeformAttention implements HostOp<MsDeformAttention> {
  @Override
  public List<HostKernel> bind(
      MsDeformAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    Bound bound =
        new Bound(
            op,
            new Elements(node.input(0)),
            new Elements(node.input(1)),
            new Elements(node.input(2)),
            new Elements(node.input(3)),
            new Elements(node.input(4)),
            new Elements(node.output(0)));
    int queries = node.output(0).shape().get(1);
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * queries,
            (tile, scratch) -> {
              for (int head = 0; head < op.heads(); head++) {
                head(bound, tile / queries, tile % queries, head);
              }
            }));
  }

  private record Bound(
      MsDeformAttention op,
      Elements value,
      Elements offsets,
      Elements logits,
      Elements reference,
      Elements ratios,
      Elements out) {}

  private static void head(Bound bound, int item, int query, int head) {
    MsDeformAttention op = bound.op;
    int samples = op.samples();
    double largest = Double.NEGATIVE_INFINITY;
    for (int s = 0; s < samples; s++) {
      largest = Math.max(largest, bound.logits.f32(item, query, head * samples + s));
    }
    double total = 0;
    double[] sums = HeapScratch.ofThread().sums(op.headDim() + 1)[0];
    int firstToken = 0;
    for (int l = 0; l < op.levels().size(); l++) {
      LevelShape level = op.levels().get(l);
      for (int p = 0; p < op.points(); p++) {
        int sample = head * samples + l * op.points() + p;
        double weight = Math.exp(bound.logits.f32(item, query, sample) - largest);
        total += weight;
        double x = location(bound, item, query, sample, l, 0, level.width()) * level.width() - 0.5;
        double y =
            location(bound, item, query, sample, l, 1, level.height()) * level.height() - 0.5;
        addSample(bound, item, head, firstToken, level, x, y, weight, sums);
      }
      firstToken += level.cells();
    }
    for (int d = 0; d < op.outHeadStride(); d++) {
      bound.out.f32(item, query, head * op.outHeadStride() + d, (float) (sums[d] / total));
    }
  }

  /** Where a sample lies along one axis (0 = x, 1 = y), in 0..1 of the padded map. */
  private static double location(
      Bound bound, int item, int query, int sample, int level, int axis, int extent) {
    double ratio = bound.ratios.f32(item, level, axis);
    double centre = bound.reference.f32(item, query, axis) * ratio;
    double offset = bound.offsets.f32(item, query, 2 * sample + axis);
    if (bound.op.referenceColumns() == 2) {
      return centre + offset / extent;
    }
    double size = bound.reference.f32(item, query, 2 + axis) * ratio;
    return centre + offset / bound.op.points() * size * 0.5;
  }

  /**
   * Adds the bilinear value at pixel (x, y) of one level, and behind it the weights of its corners;
   * corners outside the map count as zero.
   */
  private static void addSample(
      Bound bound,
      int item,
      int head,
      int firstToken,
      LevelShape level,
      double x,
      double y,
      double weight,
      double[] sums) {
    int headDim = bound.op.headDim();
    int valueStride = bound.op.valueHeadStride();
    if (Double.isNaN(x) || Double.isNaN(y)) {
      for (int d = 0; d <= headDim; d++) {
        sums[d] = Double.NaN;
      }
      return;
    }
    if (x <= -1 || x >= level.width() || y <= -1 || y >= level.height()) {
      return;
    }
    int left = (int) Math.floor(x);
    int top = (int) Math.floor(y);
    for (int row = top; row <= top + 1; row++) {
      for (int column = left; column <= left + 1; column++) {
        if (row >= 0 && row < level.height() && column >= 0 && column < level.width()) {
          double share = weight * (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
          long token = firstToken + (long) row * level.width() + column;
          for (int d = 0; d < headDim; d++) {
            sums[d] += share * bound.value.f32(item, token, head * valueStride + d);
          }
          sums[headDim] += share;
        }
      }
    }
  }
}
