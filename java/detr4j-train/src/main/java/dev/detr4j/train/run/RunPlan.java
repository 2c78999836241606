package dev.detr4j.train.run;

import dev.detr4j.train.recipe.EarlyStopping;
import dev.detr4j.train.recipe.MovingAverage;
import dev.detr4j.train.recipe.Recipe;
import dev.detr4j.train.recipe.Schedule;
import java.time.Duration;

/**
 * How a run goes on from step to step.
 *
 * @param epochs at most
 * @param rate of tensors that no rule names
 * @param stateEvery the time after which the state is written between two evaluations
 */
public record RunPlan(
    int epochs,
    double rate,
    Schedule schedule,
    MovingAverage average,
    EarlyStopping.Rule stopping,
    Duration stateEvery) {
  /** What a recipe says, with the state written every ten minutes. */
  public static RunPlan of(Recipe recipe) {
    return new RunPlan(
        recipe.epochs(),
        recipe.rate(),
        recipe.schedule(),
        recipe.average(),
        recipe.stopping(),
        Duration.ofMinutes(10));
  }

  /** The same with another number of epochs. */
  public RunPlan withEpochs(int other) {
    return new RunPlan(other, rate, schedule, average, stopping, stateEvery);
  }
}
