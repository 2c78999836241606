package dev.detr4j.train.engine;

import java.util.List;

/**
 * One step of AdamW.
 *
 * @param groups rate and decay of each group of parameters
 * @param clip the greatest norm of all gradients together; 0 for none
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the second moment
 * @param averageDecay decay of the moving average of the weights in this step; negative to leave it
 *     alone
 */
public record OptimizerSettings(
    List<Group> groups,
    double clip,
    double beta1,
    double beta2,
    double epsilon,
    double averageDecay) {
  /** Rate and weight decay. */
  public record Group(double rate, double decay) {}

  /** Copies the groups. */
  public OptimizerSettings {
    groups = List.copyOf(groups);
  }

  /** With the betas 0.9 and 0.999 and the epsilon 1e-8. */
  public static OptimizerSettings of(List<Group> groups, double clip, double averageDecay) {
    return new OptimizerSettings(groups, clip, 0.9, 0.999, 1e-8, averageDecay);
  }
}
