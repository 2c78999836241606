package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Resizes RGB bytes with a separable filter and normalises them into the network's input,
 * zero-padded.
 *
 * <p>Horizontal pass first, then vertical; between them the values are rounded and clamped to
 * bytes. Both passes compute {@code (2^(precision-1) + sum of weight * byte) >> precision}, clamped
 * to 0..255. The byte {@code b} of channel {@code c} then becomes {@code lookup[256 c + b]}.
 *
 * <p>Input: RGB U8 {@code [1, sourceHeight, sourceWidth, 3]}. Output {@code [1, paddedHeight,
 * paddedWidth, 3]}: the image at the top left, zeros elsewhere.
 *
 * @param horizontal one axis of the filter, for the width; null when the width stays and the pass
 *     is left out
 * @param vertical one axis of the filter, for the height; null likewise
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
    List<Float> lookup)
    implements OpSpec {
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
