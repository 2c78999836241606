package dev.detr4j.postprocess;

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
  private final int capacity;
  private final TopK ranking;

  /**
   * A selector for one output shape.
   *
   * @param topK most detections of an image; capped at {@code queries * classes}
   */
  public DeformableDetrPostprocessing(int queries, int classes, int topK) {
    this.queries = queries;
    this.classes = classes;
    this.capacity = Math.min(topK, Math.multiplyExact(queries, classes));
    this.ranking = new TopK(capacity);
  }

  @Override
  public int capacity() {
    return capacity;
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
        RelativeBoxes.emit(
            boxes, row, query, index % classes, score, originalWidth, originalHeight, sink);
        selected++;
      }
    }
    return selected;
  }
}
