package dev.detr4j.model.layer;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;

/** Batch normalisation with stored statistics, which folds into the convolution before it. */
public final class BatchNorm {
  /** What torch adds to variances unless told otherwise. */
  public static final double EPSILON = 1e-5;

  private BatchNorm() {}

  /**
   * A convolution with the batch norm behind it folded in, which leaves a bias.
   *
   * @param name of the convolution, which has a weight alone
   * @param norm of the batch norm
   * @param op without a bias
   */
  public static WeightedOp<Convolution> folded(
      Parameters parameters, String name, String norm, Convolution op, double epsilon) {
    int out = op.outChannels();
    Weight weight = parameters.weighted(op, name + ".weight").weight();
    Weight gamma = parameters.tensor(norm + ".weight", out);
    Weight beta = parameters.tensor(norm + ".bias", out);
    Weight mean = parameters.tensor(norm + ".running_mean", out);
    Weight variance = parameters.tensor(norm + ".running_var", out);
    return WeightedOp.of(
        op.withBias(),
        DerivedWeight.scaledByNorm(weight, gamma, variance, epsilon),
        DerivedWeight.normShift(gamma, beta, mean, variance, epsilon));
  }
}
