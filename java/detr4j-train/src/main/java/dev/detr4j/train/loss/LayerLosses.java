package dev.detr4j.train.loss;

import dev.detr4j.train.loss.LayerOutput.Stage;

/**
 * The losses of one layer before their weights, summed over the images that were computed and
 * divided by the counts of the whole batch.
 *
 * @param classes the class loss, {@code loss_ce}
 * @param boxes the L1 loss, {@code loss_bbox}
 * @param giou the loss of the generalised IoU, {@code loss_giou}
 * @param cardinalityError the mean over images of how far the number of predicted objects is off;
 *     NaN when it is not computed. No loss
 * @param matched pairs
 * @param correct pairs whose query has its largest logit at the label
 */
public record LayerLosses(
    Stage stage,
    double classes,
    double boxes,
    double giou,
    double cardinalityError,
    int matched,
    int correct) {
  /** 100 minus the accuracy of matched queries in percent; 100 without pairs, as in DETR. */
  public double classError() {
    return matched == 0 ? 100 : 100 - 100.0 * correct / matched;
  }

  LayerLosses plus(LayerLosses other) {
    if (!stage.equals(other.stage)) {
      throw new IllegalArgumentException("%s and %s".formatted(stage, other.stage));
    }
    return new LayerLosses(
        stage,
        classes + other.classes,
        boxes + other.boxes,
        giou + other.giou,
        cardinalityError + other.cardinalityError,
        matched + other.matched,
        correct + other.correct);
  }
}
