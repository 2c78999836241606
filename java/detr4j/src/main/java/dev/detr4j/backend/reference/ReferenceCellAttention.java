package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.CellAttention;
import dev.detr4j.op.LevelShape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link CellAttention}, one query a tile. */
final class ReferenceCellAttention implements HostOp<CellAttention> {
  private record Bound(
      CellAttention op,
      Elements value,
      Elements offsets,
      Elements logits,
      Elements reference,
      Elements out) {}

  @Override
  public List<HostKernel> bind(
      CellAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    Bound bound =
        new Bound(
            op,
            new Elements(node.input(0)),
            new Elements(node.input(1)),
            new Elements(node.input(2)),
            new Elements(node.input(3)),
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

  private static void head(Bound bound, int item, int query, int head) {
    CellAttention op = bound.op;
    int samples = op.samples();
    double largest = Double.NEGATIVE_INFINITY;
    for (int s = 0; s < samples; s++) {
      largest = Math.max(largest, bound.logits.f32(item, query, head * samples + s));
    }
    double total = 0;
    double[] sums = HeapScratch.ofThread().sums(op.headDim())[0];
    int firstToken = 0;
    for (int l = 0; l < op.levels().size(); l++) {
      LevelShape level = op.levels().get(l);
      for (int p = 0; p < op.points(); p++) {
        int sample = head * samples + l * op.points() + p;
        double weight = Math.exp(bound.logits.f32(item, query, sample) - largest);
        total += weight;
        int column = cell(bound, item, query, sample, 0, level.width());
        int row = cell(bound, item, query, sample, 1, level.height());
        long token = firstToken + (long) row * level.width() + column;
        for (int d = 0; d < op.headDim(); d++) {
          sums[d] += weight * bound.value.f32(item, token, head * op.headDim() + d);
        }
      }
      firstToken += level.cells();
    }
    for (int d = 0; d < op.headDim(); d++) {
      bound.out.f32(item, query, head * op.headDim() + d, (float) (sums[d] / total));
    }
  }

  /** The cell of a sample along one axis (0 = x, 1 = y), in fp32 as the contract says. */
  private static int cell(Bound bound, int item, int query, int sample, int axis, int extent) {
    float centre = bound.reference.f32(item, query, axis);
    float size = bound.reference.f32(item, query, 2 + axis);
    float offset = bound.offsets.f32(item, query, 2 * sample + axis);
    float location = centre + offset / bound.op.points() * size * 0.5f;
    // A cast to int gives 0 for NaN and saturates.
    return Math.clamp((int) (location * extent + 0.5f), 0, extent - 1);
  }
}
