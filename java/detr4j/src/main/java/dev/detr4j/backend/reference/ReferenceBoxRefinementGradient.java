package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.BoxRefinement.Reference;
import dev.detr4j.op.gradient.BoxRefinementGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link BoxRefinementGradient}, one query of one batch item a tile. */
final class ReferenceBoxRefinementGradient implements HostOp<BoxRefinementGradient> {
  @Override
  public List<HostKernel> bind(
      BoxRefinementGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements y = new Elements(node.input(0));
    Elements reference = op.referenceLearns() ? new Elements(node.input(1)) : null;
    Elements dy = new Elements(node.inputs().getLast());
    Elements delta = new Elements(node.output(0));
    Elements moved = op.referenceLearns() ? new Elements(node.output(1)) : null;
    int queries = node.output(0).shape().get(1);
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * queries,
            (tile, scratch) -> {
              int item = tile / queries;
              int query = tile % queries;
              for (int c = 0; c < op.of().columns(); c++) {
                double box = y.f32(item, query, c);
                double gradient = dy.f32(item, query, c) * box * (1 - box);
                delta.f32(item, query, c, (float) gradient);
                if (reference != null && moved != null && c < op.of().reference().columns()) {
                  double slope =
                      op.of().reference() == Reference.LOGITS
                          ? 1
                          : slope(reference.f32(item, query, c), op.of().epsilon());
                  moved.f32(item, query, c, (float) (gradient * slope));
                }
              }
            }));
  }

  /** Of the inverse sigmoid; nothing passes where x is clamped, or on its bounds. */
  private static double slope(double x, double epsilon) {
    if (x <= 0 || x >= 1) {
      return 0;
    }
    return (x >= epsilon ? 1 / x : 0) + (1 - x >= epsilon ? 1 / (1 - x) : 0);
  }
}
