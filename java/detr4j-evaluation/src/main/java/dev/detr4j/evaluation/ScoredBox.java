package dev.detr4j.evaluation;

/**
 * A detection.
 *
 * @param score its confidence; only the order of scores counts
 */
public record ScoredBox(CocoId imageId, CocoId categoryId, Box box, double score) {
  /** Checks; throws {@link EvaluationException} for a score that is NaN or infinite. */
  public ScoredBox {
    if (!Double.isFinite(score)) {
      throw new EvaluationException("score is " + score + ", expected a finite number");
    }
    score += 0.0; // -0 becomes 0, so that the two are a tie
  }

  /** A detection with the ids that COCO has. */
  public ScoredBox(long imageId, long categoryId, Box box, double score) {
    this(CocoId.of(imageId), CocoId.of(categoryId), box, score);
  }
}
