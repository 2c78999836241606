package dev.detr4j.postprocess;

import java.lang.foreign.MemorySegment;

/**
 * Soft-NMS within each class on the detections of another post-processing, as birder does on
 * request. Detections come in the order of suppression, with lowered scores; the threshold applies
 * to those.
 *
 * <p>birder suppresses in pixels of the resized image; overlaps are the same in those of the
 * original but for rounding.
 */
public final class SoftSuppression implements Postprocessing {
  private final Postprocessing selection;
  private final SoftNms suppression;
  private final Candidates candidates;
  private final int[] keep;
  private final float[] scores;

  /** Suppresses what {@code selection} selects. */
  public SoftSuppression(Postprocessing selection, SoftNms.Settings settings) {
    this.selection = selection;
    int capacity = selection.capacity();
    suppression = new SoftNms(settings, capacity);
    candidates = new Candidates(capacity);
    keep = new int[capacity];
    scores = new float[capacity];
  }

  private static final class Candidates implements DetectionSink {
    private final int[] queries;
    private final int[] labels;
    private final float[] scores;
    private final float[] boxes;
    private int count;

    Candidates(int capacity) {
      queries = new int[capacity];
      labels = new int[capacity];
      scores = new float[capacity];
      boxes = new float[4 * capacity];
    }

    @Override
    public void accept(
        int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
      queries[count] = query;
      labels[count] = label;
      scores[count] = score;
      boxes[4 * count] = xMin;
      boxes[4 * count + 1] = yMin;
      boxes[4 * count + 2] = xMax;
      boxes[4 * count + 3] = yMax;
      count++;
    }
  }

  @Override
  public int capacity() {
    return selection.capacity();
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
    candidates.count = 0;
    // Scores are positive: every candidate takes part, whatever the threshold.
    selection.select(logits, boxes, image, originalWidth, originalHeight, -1f, candidates);
    int kept =
        suppression.perClass(
            candidates.boxes, candidates.scores, candidates.labels, candidates.count, keep, scores);
    int passed = 0;
    for (int i = 0; i < kept; i++) {
      if (scores[i] > threshold) {
        int at = keep[i];
        sink.accept(
            candidates.queries[at],
            candidates.labels[at],
            scores[i],
            candidates.boxes[4 * at],
            candidates.boxes[4 * at + 1],
            candidates.boxes[4 * at + 2],
            candidates.boxes[4 * at + 3]);
        passed++;
      }
    }
    return passed;
  }
}
