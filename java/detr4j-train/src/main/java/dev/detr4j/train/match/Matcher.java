package dev.detr4j.train.match;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Assigns the targets of an image to queries of one layer so that the sum of costs is least (Carion
 * et al. 2020, section 3.1; Zhu et al. 2021 for the focal cost).
 *
 * <p>{@code min(queries, targets)} pairs. Inputs are float32, arithmetic is in double. Keeps its
 * work space from call to call. Not thread-safe.
 */
public final class Matcher {
  private static final double ALPHA = 0.25;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MatchingCost cost;
  private final BoxOverlap overlap;
  private final Assignment assignment = new Assignment();
  private double[] costs = new double[0];
  private int[] queryOfTarget = new int[0];
  private double total;

  /** Makes a matcher for one kind of cost. */
  public Matcher(MatchingCost cost) {
    this.cost = cost;
    overlap = new BoxOverlap(cost.overlap());
  }

  /**
   * Matches the targets of one image.
   *
   * @param logits {@code [queries, classes]} float32, the image's own
   * @param boxes {@code [queries, 4]} float32
   * @param labels the classes of the targets, which may differ from those in {@code targets}
   * @param layer as errors name it
   * @param image the index in the batch, for errors
   * @throws NotFiniteException for NaN or infinity in boxes, and in logits unless the cost replaces
   *     them
   * @throws IllegalArgumentException for a label that the logits have no column for
   */
  public void match(
      MemorySegment logits,
      MemorySegment boxes,
      int queries,
      int classes,
      Targets targets,
      int[] labels,
      String layer,
      int image) {
    int count = targets.count();
    if (costs.length < queries * count) {
      costs = new double[queries * count];
    }
    if (queryOfTarget.length < count) {
      queryOfTarget = new int[count];
    }
    checkBoxes(boxes, queries, layer, image);
    int kinds = cost.form() == MatchingCost.Form.SOFTMAX ? classes - 1 : classes;
    for (int t = 0; t < count; t++) {
      if (labels[t] < 0 || labels[t] >= kinds) {
        throw new IllegalArgumentException(
            "label %d of a target, expected 0 to %d".formatted(labels[t], kinds - 1));
      }
    }
    for (int q = 0; q < queries; q++) {
      queryCosts(logits, boxes, q, queries, classes, targets, labels);
    }
    checkCosts(queries, targets, layer, image);
    total = assignment.solve(costs, count, queries, queryOfTarget);
  }

  /** Boxes come from a sigmoid, so that only NaN breaks them. */
  private static void checkBoxes(MemorySegment boxes, int queries, String layer, int image) {
    for (int i = 0; i < 4 * queries; i++) {
      float value = boxes.get(FLOAT, 4L * i);
      if (!Float.isFinite(value)) {
        throw new NotFiniteException(
            layer, image, "box of query %d holds %s".formatted(i / 4, value));
      }
    }
  }

  /** Fills column q of the matrix, which has a row for each target. */
  private void queryCosts(
      MemorySegment logits,
      MemorySegment boxes,
      int q,
      int queries,
      int classes,
      Targets targets,
      int[] labels) {
    long row = 4L * q * classes;
    double greatest = Double.NEGATIVE_INFINITY;
    double denominator = 0;
    if (cost.form() == MatchingCost.Form.SOFTMAX) {
      for (int c = 0; c < classes; c++) {
        greatest = Math.max(greatest, logits.get(FLOAT, row + 4L * c));
      }
      for (int c = 0; c < classes; c++) {
        denominator += Math.exp(logits.get(FLOAT, row + 4L * c) - greatest);
      }
    }
    double cx = boxes.get(FLOAT, 16L * q);
    double cy = boxes.get(FLOAT, 16L * q + 4);
    double w = boxes.get(FLOAT, 16L * q + 8);
    double h = boxes.get(FLOAT, 16L * q + 12);
    float[] wanted = targets.boxes();
    for (int t = 0; t < targets.count(); t++) {
      double logit = logits.get(FLOAT, row + 4L * labels[t]);
      double byClass =
          cost.form() == MatchingCost.Form.SOFTMAX
              ? -Math.exp(logit - greatest) / denominator
              : focal(logit);
      double tcx = wanted[4 * t];
      double tcy = wanted[4 * t + 1];
      double tw = wanted[4 * t + 2];
      double th = wanted[4 * t + 3];
      double apart = Math.abs(cx - tcx) + Math.abs(cy - tcy) + Math.abs(w - tw) + Math.abs(h - th);
      costs[t * queries + q] =
          cost.boxWeight() * apart
              + cost.classWeight() * byClass
              - cost.giouWeight() * overlap.value(cx, cy, w, h, tcx, tcy, tw, th);
    }
  }

  private double focal(double logit) {
    double p = 1 / (1 + Math.exp(-logit));
    double negative = (1 - ALPHA) * p * p * -Math.log(1 - p + cost.logEpsilon());
    double positive = ALPHA * (1 - p) * (1 - p) * -Math.log(p + cost.logEpsilon());
    return positive - negative;
  }

  private void checkCosts(int queries, Targets targets, String layer, int image) {
    for (int i = 0; i < queries * targets.count(); i++) {
      if (!Double.isFinite(costs[i])) {
        if (!cost.replacesInvalid()) {
          throw new NotFiniteException(
              layer,
              image,
              "the cost of query %d and target %d is %s: logits are not finite, or two boxes have no area"
                  .formatted(i % queries, i / queries, costs[i]));
        }
        costs[i] = Float.MAX_VALUE;
      }
    }
  }

  /** Of the last match: the query of a target, or -1 where there were more targets than queries. */
  public int queryOf(int target) {
    return queryOfTarget[target];
  }

  /** Of the last match: the sum of the costs of its pairs. */
  public double totalCost() {
    return total;
  }

  /** Of the last match of {@code queries} queries: what a pair costs. */
  public double costOf(int query, int target, int queries) {
    return costs[target * queries + query];
  }
}
