package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Two-dimensional cross-correlation with zero padding, fused: {@code out = activation(conv(x) +
 * bias + residual)}.
 *
 * <p>Batch normalisation is folded into weight and bias before it gets here. Inputs, channels last:
 * x {@code [N, H, W, inChannels]}, then residual {@code [N, OH, OW, outChannels]} if {@code
 * hasResidual}. Weights: the kernel {@code [outChannels, inChannels / groups, height, width]}, the
 * layout of checkpoints, then the bias {@code [outChannels]} if {@code hasBias}. Output {@code [N,
 * OH, OW, outChannels]} with {@code OH = (H + 2 padding - dilation (height - 1) - 1) / stride + 1},
 * rounded down, and OW likewise; the window has height, stride, padding and dilation. A pixel
 * outside the map is exactly zero, so NaN and infinity in the weights meet zero there and give NaN.
 *
 * <p>An output with NaN or infinity in its window or its weights is NaN or infinite before the
 * activation. Where the kernel is 3x3 and stride, dilation and groups are 1, a backend may compute
 * 2x2 or 4x4 outputs at once from the 4x4 or 6x6 pixels around them (Winograd): then NaN may stand
 * for such a result that should be infinite, pixels that are not finite reach outputs up to three
 * pixels beyond their windows, and roundings are of the size of the largest of those pixels.
 *
 * @param window the kernel's extents, stride, padding and dilation
 * @param groups 1, or a divisor of both channel counts; {@code inChannels} for a depthwise
 *     convolution
 */
public record Convolution(
    int inChannels,
    int outChannels,
    KernelWindow window,
    int groups,
    boolean hasBias,
    Activation activation,
    boolean hasResidual)
    implements OpSpec {

  /** Checks that the groups fit the channels. */
  public Convolution {
    OpSpec.require(
        groups >= 1 && inChannels % groups == 0 && outChannels % groups == 0,
        "groups divide the channels",
        groups);
  }

  /** A convolution of one group, without bias, activation and residual. */
  public static Convolution of(int inChannels, int outChannels, KernelWindow window) {
    return new Convolution(inChannels, outChannels, window, 1, false, Activation.NONE, false);
  }

  /** The same in so many groups. */
  public Convolution withGroups(int count) {
    return new Convolution(
        inChannels, outChannels, window, count, hasBias, activation, hasResidual);
  }

  /** The same with a bias among its weights. */
  public Convolution withBias() {
    return new Convolution(inChannels, outChannels, window, groups, true, activation, hasResidual);
  }

  /** The same with another activation. */
  public Convolution withActivation(Activation function) {
    return new Convolution(inChannels, outChannels, window, groups, hasBias, function, hasResidual);
  }

  /** The same with a residual input. */
  public Convolution withResidual() {
    return new Convolution(inChannels, outChannels, window, groups, hasBias, activation, true);
  }

  /** Whether every channel has a filter of its own. */
  public boolean isDepthwise() {
    return groups == inChannels && groups == outChannels;
  }

  @Override
  public List<WeightSpec> weights() {
    return WeightSpec.product(
        hasBias, outChannels, inChannels / groups, window.height(), window.width());
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(
        x.rank() == 4 && x.last() == inChannels,
        "convolution input is [N, H, W, " + inChannels + "]",
        x);
    int outHeight = window.outHeight(x.get(1));
    int outWidth = window.outWidth(x.get(2));
    OpSpec.require(
        outHeight >= 1 && outWidth >= 1, "the padded map is at least as large as the kernel", x);
    Shape out = Shape.of(x.get(0), outHeight, outWidth, outChannels);
    OpSpec.require(
        !hasResidual || inputs.get(1).equals(out),
        "residual has the output's shape " + out,
        inputs);
    return List.of(Output.f32(out));
  }
}
