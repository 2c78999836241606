package dev.detr4j.train.loss;

import dev.detr4j.train.match.MatchingCost;
import dev.detr4j.train.match.MatchingCost.Form;
import dev.detr4j.train.match.OverlapRule;

/**
 * What a project's criterion is: costs of the matching, weights of the losses, and details in which
 * projects differ.
 *
 * @param cost of the matching; its form says which class loss is used too, and its overlap rule is
 *     that of the loss
 * @param classWeight factor of the class loss in the total
 * @param boxWeight factor of the L1 loss
 * @param giouWeight factor of the loss of the generalised IoU
 * @param alpha weight of positives in the focal loss; negative for no weights. Unused by softmax
 * @param noObjectWeight weight of the column for no object in the cross-entropy. Unused by focal
 * @param cardinality which logged figure is computed
 * @param auxiliary whether the layers before the last have losses
 * @param encoder whether the proposals of two-stage models have losses
 */
public record CriterionOptions(
    MatchingCost cost,
    double classWeight,
    double boxWeight,
    double giouWeight,
    double alpha,
    double noObjectWeight,
    Cardinality cardinality,
    boolean auxiliary,
    boolean encoder) {
  private static final double LOG_EPSILON = 1e-8;

  /** How the number of predicted objects is counted for the log. */
  public enum Cardinality {
    /** It is not. */
    NONE,
    /**
     * Queries whose largest probability by sigmoid is above one half (transformers, Deformable).
     */
    SIGMOID,
    /**
     * Queries whose largest logit is not in the last column: right for DETR, and what Deformable
     * DETR does too, where the last column is a class.
     */
    NOT_LAST
  }

  /** transformers' Deformable DETR with {@code auxiliary_loss} true. It has no encoder loss. */
  public static final CriterionOptions TRANSFORMERS_DEFORMABLE =
      focal(1, 1, LOG_EPSILON, OverlapRule.PLAIN, true, Cardinality.SIGMOID, false);

  /** fundamentalvision/Deformable-DETR. */
  public static final CriterionOptions ORIGINAL_DEFORMABLE =
      focal(2, 2, LOG_EPSILON, OverlapRule.PLAIN, false, Cardinality.NOT_LAST, true);

  /** detrex' Deformable DETR. */
  public static final CriterionOptions DETREX_DEFORMABLE =
      focal(
          2,
          1,
          LOG_EPSILON,
          new OverlapRule(OverlapRule.Kind.ADDED, 1e-6),
          false,
          Cardinality.NONE,
          true);

  /**
   * mmdetection's Deformable DETR. Its least area of 1e-6 is in pixels; this one is 1e-12 of the
   * image, the same for an image of a million pixels.
   */
  public static final CriterionOptions MMDETECTION_DEFORMABLE =
      focal(
          2,
          2,
          1e-12,
          new OverlapRule(OverlapRule.Kind.LEAST, 1e-12),
          false,
          Cardinality.NONE,
          true);

  /** transformers' DETR with {@code auxiliary_loss} true. */
  public static final CriterionOptions TRANSFORMERS_DETR = softmax(true);

  /** facebookresearch/detr. */
  public static final CriterionOptions ORIGINAL_DETR = softmax(false);

  private static CriterionOptions focal(
      double classCost,
      double classWeight,
      double logEpsilon,
      OverlapRule overlap,
      boolean replacesInvalid,
      Cardinality cardinality,
      boolean encoder) {
    MatchingCost cost =
        new MatchingCost(Form.FOCAL, classCost, 5, 2, logEpsilon, overlap, replacesInvalid);
    return new CriterionOptions(
        cost, classWeight, 5, 2, 0.25, Double.NaN, cardinality, true, encoder);
  }

  private static CriterionOptions softmax(boolean replacesInvalid) {
    MatchingCost cost =
        new MatchingCost(Form.SOFTMAX, 1, 5, 2, 0, OverlapRule.PLAIN, replacesInvalid);
    return new CriterionOptions(cost, 1, 5, 2, Double.NaN, 0.1, Cardinality.NOT_LAST, true, false);
  }

  /** The same with another choice of the layers before the last. */
  public CriterionOptions withAuxiliary(boolean on) {
    return new CriterionOptions(
        cost, classWeight, boxWeight, giouWeight, alpha, noObjectWeight, cardinality, on, encoder);
  }

  /** All of it in one line, for reports. */
  @Override
  public String toString() {
    return "%s, %s L1, %s GIoU%s%s; %s"
        .formatted(
            isFocal()
                ? classWeight + " focal" + (alpha < 0 ? "" : " (alpha " + alpha + ")")
                : classWeight + " cross-entropy (no object " + noObjectWeight + ")",
            boxWeight,
            giouWeight,
            auxiliary ? ", all layers" : ", last layer",
            encoder ? ", proposals" : "",
            cost);
  }

  /** Whether classes are told by sigmoids, one a class. */
  public boolean isFocal() {
    return cost.form() == Form.FOCAL;
  }
}
