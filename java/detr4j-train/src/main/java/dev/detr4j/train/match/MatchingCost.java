package dev.detr4j.train.match;

/**
 * What a pair of a query and a target costs: {@code box * L1 + class * C - giou * GIoU}.
 *
 * <p>L1 and the generalised IoU are of boxes in 0..1. C depends on {@link Form}. With the label's
 * probability p, the focal form is {@code 0.25 (1-p)^2 (-log(p + e)) - 0.75 p^2 (-log(1 - p + e))}
 * (Deformable DETR) and the softmax form {@code -p} (DETR). Alpha and gamma of this cost are
 * constants in every project, whatever those of the loss are.
 *
 * @param logEpsilon e above
 * @param overlap the rule of the generalised IoU
 * @param replacesInvalid whether costs that are NaN or infinite count as the largest float, as in
 *     transformers; otherwise they are an error
 */
public record MatchingCost(
    Form form,
    double classWeight,
    double boxWeight,
    double giouWeight,
    double logEpsilon,
    OverlapRule overlap,
    boolean replacesInvalid) {
  @Override
  public String toString() {
    return "matched by %s class, %s L1, %s GIoU (%s, log epsilon %s%s)"
        .formatted(
            classWeight,
            boxWeight,
            giouWeight,
            overlap,
            logEpsilon,
            replacesInvalid ? ", NaN is the largest cost" : "");
  }

  /** How logits become probabilities. */
  public enum Form {
    /** A sigmoid for each class. */
    FOCAL,
    /** A softmax over the classes and a last column for no object. */
    SOFTMAX
  }
}
