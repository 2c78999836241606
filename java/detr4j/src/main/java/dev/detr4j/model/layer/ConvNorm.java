package dev.detr4j.model.layer;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;

/**
 * The convolutions of the necks of RT-DETR and D-FINE: {@code conv} and its batch norm {@code
 * norm}.
 */
public final class ConvNorm {
  private ConvNorm() {}

  /** A 1x1 convolution. */
  public static Convolution pixel(int in, int out) {
    return Convolution.of(in, out, KernelWindow.PIXEL);
  }

  /** A convolution with its batch norm folded in. */
  public static WeightedOp<Convolution> folded(
      Parameters parameters, Convolution op, double epsilon) {
    return BatchNorm.folded(parameters, "conv", "norm", op, epsilon);
  }

  /**
   * The two branches of a RepVGG block (Ding et al. 2021) as one convolution: {@code conv1} is 3x3,
   * {@code conv2} 1x1, and the activation follows their sum.
   */
  public static WeightedOp<Convolution> repVgg(
      Parameters parameters, int channels, Activation activation, double epsilon) {
    Convolution square = Convolution.of(channels, channels, KernelWindow.square(3).withPadding(1));
    WeightedOp<Convolution> around = folded(parameters.under("conv1"), square, epsilon);
    WeightedOp<Convolution> beside =
        folded(parameters.under("conv2"), pixel(channels, channels), epsilon);
    return WeightedOp.of(
        square.withBias().withActivation(activation),
        DerivedWeight.besidePixel(around.weight(), beside.weight()),
        DerivedWeight.sum(around.bias(), beside.bias()));
  }
}
