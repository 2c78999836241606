package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional cross-correlation with zero padding, fused: {@code out = activation(conv(x) +
 * bias + residual)}.
 *
 * <p>Batch normalisation is folded into weight and bias before it gets here. Inputs, channels last:
 * x {@code [N, H, W, inChannels]}, then residual {@code [N, OH, OW, outChannels]} if {@code
 * hasResidual}. Output {@code [N, OH, OW, outChannels]} with {@code OH = (H + 2 padding - dilation
 * (kernelHeight - 1) - 1) / stride + 1}, rounded down, and OW likewise. A pixel outside the map is
 * exactly zero, so NaN and infinity in the weights meet zero there and give NaN.
 *
 * <p>An output with NaN or infinity in its window or its weights is NaN or infinite before the
 * activation. Where the kernel is 3x3 and stride, dilation and groups are 1, a backend may compute
 * 2x2 or 4x4 outputs at once from the 4x4 or 6x6 pixels around them (Winograd): then NaN may stand
 * for such a result that should be infinite, pixels that are not finite reach outputs up to three
 * pixels beyond their windows, and roundings are of the size of the largest of those pixels.
 *
 * @param weight {@code [outChannels, inChannels / groups, kernelHeight, kernelWidth]}, the layout
 *     of checkpoints
 * @param bias {@code [outChannels]}
 * @param groups 1, or a divisor of both channel counts; {@code inChannels} for a depthwise
 *     convolution
 */
public record Convolution(
    int inChannels,
    int outChannels,
    int kernelHeight,
    int kernelWidth,
    int stride,
    int padding,
    int dilation,
    int groups,
    Weight weight,
    @Nullable Weight bias,
    Activation activation,
    boolean hasResidual)
    implements OpSpec {

  /** Checks that the weights have the shape that the other components imply. */
  public Convolution {
    OpSpec.require(
        stride >= 1 && dilation >= 1 && padding >= 0,
        "stride and dilation are at least 1, padding 0",
        stride);
    OpSpec.require(
        groups >= 1 && inChannels % groups == 0 && outChannels % groups == 0,
        "groups divide the channels",
        groups);
    OpSpec.require(
        weight
            .shape()
            .equals(Shape.of(outChannels, inChannels / groups, kernelHeight, kernelWidth)),
        "convolution weight " + weight.name() + " is [out, in / groups, height, width]",
        weight.shape());
    OpSpec.require(
        bias == null || bias.shape().elements() == outChannels,
        "bias has one value a channel",
        bias);
  }

  /** The output extent for an input extent along the height. */
  public int outHeight(int height) {
    return (height + 2 * padding - dilation * (kernelHeight - 1) - 1) / stride + 1;
  }

  /** The output extent for an input extent along the width. */
  public int outWidth(int width) {
    return (width + 2 * padding - dilation * (kernelWidth - 1) - 1) / stride + 1;
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(
        x.rank() == 4 && x.last() == inChannels,
        "convolution input is [N, H, W, " + inChannels + "]",
        x);
    int reachH = x.get(1) + 2 * padding - dilation * (kernelHeight - 1);
    int reachW = x.get(2) + 2 * padding - dilation * (kernelWidth - 1);
    OpSpec.require(
        reachH >= 1 && reachW >= 1, "the padded map is at least as large as the kernel", x);
    Shape out = Shape.of(x.get(0), outHeight(x.get(1)), outWidth(x.get(2)), outChannels);
    OpSpec.require(
        !hasResidual || inputs.get(1).equals(out),
        "residual has the output's shape " + out,
        inputs);
    return List.of(Output.f32(out));
  }
}
