package dev.detr4j.evaluation;

import java.util.List;

/**
 * Precision over recall of one class at one IoU threshold, as pycocotools accumulates it: precision
 * never rises with recall (each value is the best to its right), and is looked up at 101 recalls.
 *
 * @param precisions at the recalls of {@link BoxEvaluation#recall}; 0 beyond the greatest recall
 * @param greatestRecall with all detections
 */
record PrecisionCurve(double[] precisions, double greatestRecall) {
  /** What numpy calls spacing(1): keeps 0 / 0 away. */
  private static final double SPACING = Math.ulp(1.0);

  /**
   * The curve of a class.
   *
   * @param matchings of the images that the ranking means; there is at least one object to be found
   */
  static PrecisionCurve of(BoxEvaluation.Ranking ranking, List<Matching> matchings) {
    int counted = matchings.stream().mapToInt(Matching::counted).sum();
    int count = ranking.image().length;
    double[] recall = new double[count];
    double[] precision = new double[count];
    int right = 0;
    int wrong = 0;
    for (int i = 0; i < count; i++) {
      Matching matching = matchings.get(ranking.image()[i]);
      int detection = ranking.detection()[i];
      if (!matching.ignored(detection)) {
        if (matching.right(detection)) {
          right++;
        } else {
          wrong++;
        }
      }
      recall[i] = (double) right / counted;
      precision[i] = right / ((double) wrong + right + SPACING);
    }
    for (int i = count - 1; i > 0; i--) {
      precision[i - 1] = Math.max(precision[i - 1], precision[i]);
    }
    double[] sampled = new double[BoxEvaluation.RECALLS];
    for (int r = 0, i = 0; r < sampled.length; r++) {
      while (i < count && recall[i] < BoxEvaluation.recall(r)) {
        i++;
      }
      if (i == count) {
        break;
      }
      sampled[r] = precision[i];
    }
    return new PrecisionCurve(sampled, count == 0 ? 0 : recall[count - 1]);
  }
}
