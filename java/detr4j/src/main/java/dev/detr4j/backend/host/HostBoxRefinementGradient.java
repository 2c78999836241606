package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.BoxRefinement.Reference;
import dev.detr4j.op.gradient.BoxRefinementGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link BoxRefinementGradient}: four numbers a query, the same on every fast backend. */
public final class HostBoxRefinementGradient implements HostOp<BoxRefinementGradient> {
  @Override
  public List<HostKernel> bind(
      BoxRefinementGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Floats y = new Floats(node.input(0));
    @Nullable Floats reference = op.referenceLearns() ? new Floats(node.input(1)) : null;
    Floats dy = new Floats(node.inputs().getLast());
    Floats delta = new Floats(node.output(0));
    @Nullable Floats moved = op.referenceLearns() ? new Floats(node.output(1)) : null;
    int columns = op.of().columns();
    int referenced = op.of().reference().columns();
    boolean logits = op.of().reference() == Reference.LOGITS;
    float epsilon = op.of().epsilon();
    return List.of(
        RowLoop.of(
            node.output(0).batch(),
            node.output(0).rows(),
            columns,
            (item, row) -> {
              for (int c = 0; c < columns; c++) {
                float box = y.get(item, row, c);
                float gradient = dy.get(item, row, c) * box * (1 - box);
                delta.set(item, row, c, gradient);
                if (reference != null && moved != null && c < referenced) {
                  float slope = logits ? 1 : slope(reference.get(item, row, c), epsilon);
                  moved.set(item, row, c, gradient * slope);
                }
              }
            }));
  }

  private static float slope(float x, float epsilon) {
    if (x <= 0 || x >= 1) {
      return 0;
    }
    return (x >= epsilon ? 1 / x : 0) + (1 - x >= epsilon ? 1 / (1 - x) : 0);
  }
}
