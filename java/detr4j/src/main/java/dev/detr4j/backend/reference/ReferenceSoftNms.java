package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.SoftNms;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link SoftNms} in one tile: takes the best score that is left, then lowers those of the boxes
 * that overlap it.
 */
final class ReferenceSoftNms implements HostOp<SoftNms> {
  @Override
  public List<HostKernel> bind(
      SoftNms op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements boxes = new Elements(node.input(0));
    Elements scores = new Elements(node.input(1));
    Elements labels = new Elements(node.input(2));
    Elements keptScores = new Elements(node.output(0));
    Elements indices = new Elements(node.output(1));
    Elements kept = new Elements(node.output(2));
    int count = node.input(0).shape().get(1);
    return List.of(
        TiledLoop.of(
            1,
            (tile, scratch) -> {
              ClassBoxes classBoxes = ClassBoxes.of(boxes, labels, count);
              float[] left = new float[count];
              boolean[] gone = new boolean[count];
              for (int i = 0; i < count; i++) {
                left[i] = scores.f32(0, 0, i);
              }
              int selected = 0;
              for (int best = best(op, left, gone); best >= 0; best = best(op, left, gone)) {
                gone[best] = true;
                keptScores.f32(0, 0, selected, left[best]);
                indices.i32(0, 0, selected++, best);
                for (int i = 0; i < count; i++) {
                  if (!gone[i]) {
                    left[i] *= decay(op, classBoxes.iou(best, i));
                  }
                }
              }
              kept.i32(0, 0, 0, selected);
            }));
  }

  private static float decay(SoftNms op, float iou) {
    return switch (op.decay()) {
      case GAUSSIAN -> (float) Math.exp(-(iou * iou) / op.sigma());
      case LINEAR -> iou > op.iouThreshold() ? 1 - iou : 1;
      case HARD -> iou > op.iouThreshold() ? 0 : 1;
    };
  }

  /**
   * The first of the highest scores that are strictly above the threshold, or -1; a NaN never is.
   */
  private static int best(SoftNms op, float[] left, boolean[] gone) {
    int best = -1;
    for (int i = 0; i < left.length; i++) {
      gone[i] |= !(left[i] > op.scoreThreshold());
      if (!gone[i] && (best < 0 || left[i] > left[best])) {
        best = i;
      }
    }
    return best;
  }
}
