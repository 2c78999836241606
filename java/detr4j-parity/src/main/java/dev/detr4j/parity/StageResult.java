package dev.detr4j.parity;

/**
 * How far one stage of a case is from the original.
 *
 * @param stage what was compared, for instance {@code backbone.1}, {@code logits} or {@code pixels}
 * @param maxAbsError the largest absolute difference; infinite where only one side is a number or
 *     the two sides cannot be matched
 * @param tolerance the largest difference that passes
 * @param note what else there is to say, or empty
 */
public record StageResult(String stage, double maxAbsError, double tolerance, String note) {
  /** A result that needs no words. */
  public StageResult(String stage, double maxAbsError, double tolerance) {
    this(stage, maxAbsError, tolerance, "");
  }

  /** Whether the stage is within its tolerance; NaN is not. */
  public boolean passes() {
    return maxAbsError <= tolerance;
  }

  /** The error as a multiple of the tolerance; an exact stage that differs is infinitely off. */
  public double relative() {
    return maxAbsError == 0 ? 0 : maxAbsError / tolerance;
  }
}
