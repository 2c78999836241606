package dev.detr4j.bench.peer;

import java.util.BitSet;

/**
 * What a detector computes ahead of post-processing, for one image.
 *
 * @param queries rows of both arrays
 * @param logits {@code [queries, classes]}
 * @param boxes {@code [queries, 4]}: cx, cy, w, h in 0..1
 */
record RawOutputs(int queries, float[] logits, float[] boxes) {
  /** The largest differences between two sets of outputs. */
  record Difference(float logits, float boxes, int moved) {
    @Override
    public String toString() {
      return "logits %.1e, boxes %.1e, %d queries moved".formatted(logits, boxes, moved);
    }
  }

  /** Checks that both arrays have a row for each query. */
  RawOutputs {
    if (boxes.length != 4 * queries || logits.length % queries != 0) {
      throw new IllegalArgumentException(
          "%d queries with %d logits and %d numbers of boxes"
              .formatted(queries, logits.length, boxes.length));
    }
  }

  /**
   * Compares each query with its nearest twin in {@code expected}, which is no other's: the order
   * of a two-stage model's queries comes from a top-k, where near-ties swap. Twins are taken in
   * order, so queries that are nearly the same may show more of a difference than there is, never
   * less.
   */
  Difference from(RawOutputs expected) {
    if (expected.queries != queries || expected.logits.length != logits.length) {
      throw new IllegalArgumentException(
          "outputs of %d queries and %d logits against %d and %d"
              .formatted(queries, logits.length, expected.queries, expected.logits.length));
    }
    int classes = logits.length / queries;
    BitSet taken = new BitSet(queries);
    float worstLogits = 0;
    float worstBoxes = 0;
    int moved = 0;
    for (int q = 0; q < queries; q++) {
      int twin = taken.nextClearBit(0);
      float nearest = Float.POSITIVE_INFINITY;
      for (int candidate = twin;
          candidate < queries;
          candidate = taken.nextClearBit(candidate + 1)) {
        float distance =
            maxAbs(logits, q, expected.logits, candidate, classes)
                + maxAbs(boxes, q, expected.boxes, candidate, 4);
        if (distance < nearest) {
          nearest = distance;
          twin = candidate;
        }
      }
      taken.set(twin);
      moved += twin == q ? 0 : 1;
      worstLogits = Math.max(worstLogits, maxAbs(logits, q, expected.logits, twin, classes));
      worstBoxes = Math.max(worstBoxes, maxAbs(boxes, q, expected.boxes, twin, 4));
    }
    return new Difference(worstLogits, worstBoxes, moved);
  }

  /** A NaN in either row makes the result infinite. */
  private static float maxAbs(float[] a, int rowOfA, float[] b, int rowOfB, int columns) {
    float worst = 0;
    for (int i = 0; i < columns; i++) {
      float difference = Math.abs(a[rowOfA * columns + i] - b[rowOfB * columns + i]);
      worst = Float.isNaN(difference) ? Float.POSITIVE_INFINITY : Math.max(worst, difference);
    }
    return worst;
  }
}
