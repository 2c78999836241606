package dev.detr4j.postprocess;

/**
 * Greedy hard non-maximum suppression with the semantics of {@code torchvision.ops.nms} and {@code
 * batched_nms}.
 *
 * <p>Boxes are visited by falling score, NaN first and the lower index first among equals; a
 * visited box that was not suppressed is kept and suppresses every later one whose intersection
 * over union with it is strictly greater than the threshold. In fp32: {@code inter / (area_i +
 * area_j - inter)} with {@code inter = max(0, w) * max(0, h)} and signed areas; 0/0 of degenerate
 * boxes is NaN and suppresses nothing.
 *
 * <p>Holds scratch memory for {@code capacity} boxes: for one thread at a time, nothing is
 * allocated per call.
 */
public final class Nms {
  private final float[] moved;
  private final float[] areas;
  private final boolean[] suppressed;
  private final long[] order;

  /** Room for that many boxes. */
  public Nms(int capacity) {
    moved = new float[4 * capacity];
    areas = new float[capacity];
    suppressed = new boolean[capacity];
    order = new long[capacity];
  }

  /**
   * Suppresses within each class, by the offsets that torchvision adds to the boxes of a class (it
   * takes another way beyond 1000 boxes, with the same result but for rounding).
   *
   * @param boxes corners {@code [count, 4]}: x min, y min, x max, y max
   * @param scores {@code [count]}
   * @param labels {@code [count]}, not negative
   * @param threshold on intersection over union
   * @param keep receives the indices of the kept boxes, by falling score
   * @return how many are kept
   */
  public int perClass(
      float[] boxes, float[] scores, int[] labels, int count, double threshold, int[] keep) {
    ClassBands.move(boxes, labels, count, moved);
    return greedy(moved, scores, count, threshold, keep);
  }

  /**
   * Suppresses among all boxes, whatever their class.
   *
   * @param boxes corners {@code [count, 4]}: x min, y min, x max, y max
   * @param scores {@code [count]}
   * @param threshold on intersection over union
   * @param keep receives the indices of the kept boxes, by falling score
   * @return how many are kept
   */
  public int acrossClasses(float[] boxes, float[] scores, int count, double threshold, int[] keep) {
    return greedy(boxes, scores, count, threshold, keep);
  }

  private int greedy(float[] boxes, float[] scores, int count, double threshold, int[] keep) {
    for (int i = 0; i < count; i++) {
      areas[i] = (boxes[4 * i + 2] - boxes[4 * i]) * (boxes[4 * i + 3] - boxes[4 * i + 1]);
      suppressed[i] = false;
      insert(i, TopK.key(scores[i], i));
    }
    int kept = 0;
    for (int rank = 0; rank < count; rank++) {
      int i = TopK.index(order[rank]);
      if (suppressed[i]) {
        continue;
      }
      keep[kept++] = i;
      for (int later = rank + 1; later < count; later++) {
        int j = TopK.index(order[later]);
        suppressed[j] |= overlap(boxes, areas, i, j) > threshold;
      }
    }
    return kept;
  }

  /** Insertion sort: lists are short and often nearly sorted, and a library sort may allocate. */
  private void insert(int count, long key) {
    int at = count;
    while (at > 0 && order[at - 1] < key) {
      order[at] = order[at - 1];
      at--;
    }
    order[at] = key;
  }

  /** Intersection over plain union, fp32; NaN for two boxes without area at one place. */
  static float overlap(float[] boxes, float[] areas, int i, int j) {
    float intersection = intersection(boxes, i, j);
    return intersection / (areas[i] + areas[j] - intersection);
  }

  static float intersection(float[] boxes, int i, int j) {
    float width =
        Math.min(boxes[4 * i + 2], boxes[4 * j + 2]) - Math.max(boxes[4 * i], boxes[4 * j]);
    float height =
        Math.min(boxes[4 * i + 3], boxes[4 * j + 3]) - Math.max(boxes[4 * i + 1], boxes[4 * j + 1]);
    return Math.max(width, 0f) * Math.max(height, 0f);
  }
}
