package dev.detr4j.postprocess;

import dev.detr4j.op.SelectRanked;
import dev.detr4j.op.SelectionOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Deformable DETR: the best {@code topK} of all queries x classes by sigmoid score, best first; a
 * query may come several times with different labels. As {@code post_process_object_detection} of
 * Hugging Face and {@code PostProcess} of fundamentalvision/Deformable-DETR do.
 *
 * <p>Ranking is by logit, which orders like the score but tells apart what rounds to the same
 * score; among equal logits the lower query and then the lower label comes first. NaN logits rank
 * first, as in {@code torch.topk}, and are then dropped because no NaN exceeds a threshold: each
 * costs one place of the {@code topK}.
 */
public final class DeformableDetrPostprocessing implements Postprocessing {
  /** The number of candidates in the published models. */
  public static final int DEFAULT_TOP_K = 100;

  private final int queries;
  private final int classes;
  private final SelectionRule rule;
  private final int capacity;
  private final TopK ranking;

  /**
   * A selector that keeps boxes beyond the image.
   *
   * @param topK most detections of an image; capped at {@code queries * classes}
   */
  public DeformableDetrPostprocessing(int queries, int classes, int topK) {
    this(queries, classes, new SelectionRule(topK, 0, SelectionRule.Edges.KEPT));
  }

  /** A selector by the rule of a project. */
  public DeformableDetrPostprocessing(int queries, int classes, SelectionRule rule) {
    this.queries = queries;
    this.classes = classes;
    this.rule = rule;
    this.capacity = Math.min(rule.topK(), Math.multiplyExact(queries, classes));
    this.ranking = new TopK(capacity);
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public SelectionOp operation() {
    return new SelectRanked(capacity, rule.firstLabel(), edges(rule.edges()));
  }

  private static SelectRanked.Edges edges(SelectionRule.Edges edges) {
    return switch (edges) {
      case KEPT -> SelectRanked.Edges.KEPT;
      case CLIPPED -> SelectRanked.Edges.CLIPPED;
      case CLIPPED_AND_EMPTY_DROPPED -> SelectRanked.Edges.CLIPPED_AND_EMPTY_DROPPED;
    };
  }

  @Override
  public int select(
      MemorySegment logits,
      MemorySegment boxes,
      int image,
      int originalWidth,
      int originalHeight,
      float threshold,
      DetectionSink sink) {
    long first = (long) image * queries * classes;
    int candidates = ranking.select(logits, first, queries * classes);
    int selected = 0;
    for (int rank = 0; rank < candidates; rank++) {
      int index = ranking.index(rank);
      float logit = logits.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (first + index));
      float score = (float) (1.0 / (1.0 + Math.exp(-logit)));
      if (score > threshold) {
        int query = index / classes;
        long row = (long) image * queries + query;
        int label = rule.firstLabel() + index % classes;
        if (RelativeBoxes.emit(
            boxes, row, query, label, score, originalWidth, originalHeight, rule.edges(), sink)) {
          selected++;
        }
      }
    }
    return selected;
  }
}
