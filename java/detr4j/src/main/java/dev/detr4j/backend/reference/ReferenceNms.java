package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Nms;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link Nms} in one tile: takes the best box that is left, then drops what overlaps it too much.
 */
final class ReferenceNms implements HostOp<Nms> {
  @Override
  public List<HostKernel> bind(
      Nms op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements boxes = new Elements(node.input(0));
    Elements scores = new Elements(node.input(1));
    Elements labels = new Elements(node.input(2));
    Elements indices = new Elements(node.output(0));
    Elements kept = new Elements(node.output(1));
    int count = node.input(0).shape().get(1);
    return List.of(
        TiledLoop.of(
            1,
            (tile, scratch) -> {
              ClassBoxes classBoxes = ClassBoxes.of(boxes, labels, count);
              boolean[] gone = new boolean[count];
              int selected = 0;
              for (int best = best(scores, gone); best >= 0; best = best(scores, gone)) {
                gone[best] = true;
                indices.i32(0, 0, selected++, best);
                for (int i = 0; i < count; i++) {
                  gone[i] |= classBoxes.iou(best, i) > op.iouThreshold();
                }
              }
              kept.i32(0, 0, 0, selected);
            }));
  }

  private static int best(Elements scores, boolean[] gone) {
    int best = -1;
    for (int i = 0; i < gone.length; i++) {
      if (!gone[i]
          && (best < 0 || ReferenceTopK.isLarger(scores.f32(0, 0, i), scores.f32(0, 0, best)))) {
        best = i;
      }
    }
    return best;
  }
}
