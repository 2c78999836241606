package dev.detr4j.train.engine;

import dev.detr4j.model.graph.TrainableModel.TrainingForm;
import dev.detr4j.train.recipe.Freezing;
import java.util.function.ToIntFunction;

/**
 * What a session computes.
 *
 * @param auxiliary whether decoder layers before the last are supervised
 * @param encoder whether the proposals of a two-stage model are supervised
 * @param form what decoder layers see of each other
 * @param freezing what does not learn
 * @param recompute whether encoder layers and blocks of the backbone are computed anew on the way
 *     back instead of kept: less memory, about a third more time of the forward part
 * @param average whether a moving average of the weights is kept; without one, the average is the
 *     weights themselves
 * @param group the index of a parameter's group in {@link OptimizerSettings#groups}
 */
public record SessionOptions(
    boolean auxiliary,
    boolean encoder,
    TrainingForm form,
    Freezing freezing,
    boolean recompute,
    boolean average,
    ToIntFunction<Parameter> group) {

  /** All layers supervised, as the original projects train; no average, one group. */
  public static SessionOptions original(Freezing freezing) {
    return new SessionOptions(
        true, true, TrainingForm.ORIGINAL, freezing, false, false, parameter -> 0);
  }
}
