package dev.detr4j.train.check;

import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.LayerLosses;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import org.jspecify.annotations.Nullable;

/**
 * What the class loss of new heads is before the first step, which follows from their
 * initialisation. A loss far from it is the sign of heads that were not made anew, or of images
 * that do not look like those of the model's own training.
 */
public final class FirstLoss {
  private static final double PRIOR = 0.01;
  private static final double FAR = 5;

  private FirstLoss() {}

  /**
   * The focal loss where every class of every query has a probability of 0.01; without it, as with
   * biases of 0, it would be about thirty times as high.
   */
  public static double expectedFocal(CriterionOptions options, BatchCounts counts, int classes) {
    double negatives = (double) counts.images() * counts.queries() * classes - counts.matched();
    double alpha = options.alpha() < 0 ? 1 : options.alpha();
    double other = options.alpha() < 0 ? 1 : 1 - options.alpha();
    double negative = other * PRIOR * PRIOR * -Math.log(1 - PRIOR);
    double positive = alpha * (1 - PRIOR) * (1 - PRIOR) * -Math.log(PRIOR);
    return (negatives * negative + counts.matched() * positive) / counts.boxes();
  }

  /**
   * Compares the first loss of a model whose class heads are all new.
   *
   * @return what is odd about it, or null
   */
  public static @Nullable String oddity(
      CriterionOptions options, LossValues first, BatchCounts counts, int classes) {
    if (!options.isFocal()) {
      return null;
    }
    double expected = expectedFocal(options, counts, classes);
    for (LayerLosses layer : first.layers()) {
      if (layer.stage().equals(Stage.LAST) && layer.classes() > FAR * expected) {
        return "the first class loss is %.3g; new heads begin at about %.3g: they do not begin at a probability of 0.01"
            .formatted(layer.classes(), expected);
      }
    }
    return null;
  }
}
