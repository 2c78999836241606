package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Resizes RGB bytes with a separable filter and normalises them into the network's input,
 * zero-padded.
 *
 * <p>Horizontal pass first, then vertical, with the rounding of {@link Arithmetic}. The byte {@code
 * b} of channel {@code c} then becomes {@code lookup[256 c + b]}; with {@link
 * Arithmetic#LINEAR_F32} it does so first.
 *
 * <p>Input: RGB U8 {@code [1, sourceHeight, sourceWidth, 3]}. Output {@code [1, paddedHeight,
 * paddedWidth, 3]}: the image at the top left, zeros elsewhere.
 *
 * @param horizontal one axis of the filter, for the width; null when the width stays and the pass
 *     is left out
 * @param vertical one axis of the filter, for the height; null likewise
 * @param arithmetic how sums are rounded
 * @param lookup 768 values: the normalised value of each byte, channel after channel
 */
public record ResizeNormalize(
    int sourceHeight,
    int sourceWidth,
    int height,
    int width,
    int paddedHeight,
    int paddedWidth,
    @org.jspecify.annotations.Nullable ResamplingTable horizontal,
    @org.jspecify.annotations.Nullable ResamplingTable vertical,
    Arithmetic arithmetic,
    List<Float> lookup)
    implements OpSpec {
  /** How the weighted sums of a {@link ResamplingTable} are rounded. */
  public enum Arithmetic {
    /**
     * Both passes alike, with bytes between them: {@code clamp((sum + (1 << (p - 1))) >> p, 0,
     * 255)} in {@code int32}, {@code p} the axis' precision and {@code >>} an arithmetic shift.
     * Pillow and torchvision.
     */
    ROUND_EACH_PASS,
    /**
     * Two taps an axis, source positions clamped to the image. The horizontal sum {@code s} is kept
     * in {@code int32}; then {@code clamp((((w0 * (s0 >> 4)) >> 16) + ((w1 * (s1 >> 4)) >> 16) + 2)
     * >> 2, 0, 255)}. Both axes have a filter. OpenCV.
     */
    OPENCV_LINEAR,
    /**
     * Two taps an axis, source positions clamped to the image, in fp32 and after the lookup: {@code
     * w0 v0 + w1 v1} of values in both passes, {@code w} the weight divided by {@code 2^precision}.
     * Both axes have a filter. PyTorch's bilinear {@code interpolate} of floats.
     */
    LINEAR_F32
  }

  /** Copies the table and checks the extents. */
  public ResizeNormalize {
    lookup = List.copyOf(lookup);
    OpSpec.require(lookup.size() == 768, "the lookup has 3 x 256 values", lookup.size());
    OpSpec.require(
        height <= paddedHeight && width <= paddedWidth, "the image fits its padding", height);
    OpSpec.require(
        horizontal != null || width == sourceWidth, "a changed width needs a filter", width);
    OpSpec.require(
        vertical != null || height == sourceHeight, "a changed height needs a filter", height);
    OpSpec.require(
        arithmetic == Arithmetic.ROUND_EACH_PASS || (isLinear(horizontal) && isLinear(vertical)),
        "this arithmetic takes two taps on both axes",
        arithmetic);
  }

  private static boolean isLinear(@org.jspecify.annotations.Nullable ResamplingTable table) {
    return table != null && table.maxCount() == 2;
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    OpSpec.require(
        inputs.get(0).equals(Shape.of(1, sourceHeight, sourceWidth, 3)),
        "pixels are [1, H, W, 3]",
        inputs.get(0));
    return List.of(Output.f32(1, paddedHeight, paddedWidth, 3));
  }
}
