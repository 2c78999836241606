package dev.detr4j.evaluation;

import java.util.Comparator;
import java.util.List;

/**
 * What a detector does when only detections of at least this score are believed.
 *
 * @param score the threshold
 * @param precision the part of the detections that is right; 1 when there are none
 * @param recall the part of the objects that is found; 1 when there are none
 */
public record OperatingPoint(double score, double precision, double recall) {
  /** The threshold where none is better than another. */
  private static final double DEFAULT_SCORE = 0.5;

  /** One detection. */
  record Outcome(double score, boolean right) {}

  /** The harmonic mean of precision and recall, or 0. */
  public double f1() {
    return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
  }

  /** The point with the best F1; of equal ones that with the greatest score. */
  static OperatingPoint best(List<Outcome> outcomes, int objects) {
    List<Outcome> sorted =
        outcomes.stream().sorted(Comparator.comparingDouble(Outcome::score).reversed()).toList();
    long above = sorted.stream().filter(each -> each.score() >= DEFAULT_SCORE).count();
    OperatingPoint best =
        new OperatingPoint(DEFAULT_SCORE, above == 0 ? 1 : 0, objects == 0 ? 1 : 0);
    double bestF1 = 0;
    int right = 0;
    for (int i = 0; i < sorted.size(); i++) {
      right += sorted.get(i).right() ? 1 : 0;
      boolean lastOfTies =
          i + 1 == sorted.size() || sorted.get(i + 1).score() < sorted.get(i).score();
      if (lastOfTies && right > 0) {
        OperatingPoint point =
            new OperatingPoint(
                sorted.get(i).score(), (double) right / (i + 1), (double) right / objects);
        if (point.f1() > bestF1) {
          best = point;
          bestF1 = point.f1();
        }
      }
    }
    return best;
  }
}
