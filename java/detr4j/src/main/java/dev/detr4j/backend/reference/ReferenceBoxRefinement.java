package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.BoxRefinement.Reference;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link BoxRefinement}, one query of one batch item a tile. */
final class ReferenceBoxRefinement implements HostOp<BoxRefinement> {
  @Override
  public List<HostKernel> bind(
      BoxRefinement op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements delta = new Elements(node.input(0));
    Elements reference = op.reference() == Reference.NONE ? null : new Elements(node.input(1));
    Elements out = new Elements(node.output(0));
    int queries = node.output(0).shape().get(1);
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * queries,
            (tile, scratch) -> {
              int item = tile / queries;
              int query = tile % queries;
              for (int c = 0; c < op.columns(); c++) {
                if (reference != null && op.reference() == Reference.RELATIVE) {
                  int side = 2 + c % 2;
                  double length = reference.f32(item, query, side);
                  double change = delta.f32(item, query, c);
                  double moved = change * length + reference.f32(item, query, c);
                  out.f32(item, query, c, (float) (c < 2 ? moved : Math.exp(change) * length));
                  continue;
                }
                double sum = delta.f32(item, query, c);
                if (reference != null && c < op.reference().columns()) {
                  float start = reference.f32(item, query, c);
                  sum +=
                      op.reference() == Reference.LOGITS
                          ? start
                          : inverseSigmoid(start, op.epsilon());
                }
                out.f32(item, query, c, (float) (1 / (1 + Math.exp(-sum))));
              }
            }));
  }

  /** Math.min and Math.max keep NaN. */
  private static double inverseSigmoid(double x, double epsilon) {
    double clamped = Math.min(Math.max(x, 0), 1);
    return Math.log(Math.max(clamped, epsilon) / Math.max(1 - clamped, epsilon));
  }
}
