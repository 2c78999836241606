package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import dev.detr4j.op.ResizeNormalize;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one checkpoint does to an RGB image before its network: resize, rescale and normalise, pad.
 * Immutable and thread-safe.
 *
 * @param resize the size of the network's input
 * @param resampling the arithmetic of the resize
 * @param normalisation from bytes to fp32
 * @param pad whether images of different sizes may share a batch, padded with zeros at the bottom
 *     and right
 * @param padSize the padded size of every batch, or null for the largest of each batch
 */
public record Preprocessing(
    ResizeRule resize,
    ResamplingRule resampling,
    Normalisation normalisation,
    boolean pad,
    @Nullable PixelSize padSize) {

  /**
   * Short side 800, long side at most 1333, ImageNet statistics: the default of DETR and Deformable
   * DETR.
   */
  public static Preprocessing standard() {
    return new Preprocessing(
        new ResizeRule.HuggingFace(800, 1333),
        new TorchvisionResampling(ResamplingFilter.BILINEAR),
        Normalisation.fused(
            1 / 255.0,
            new Normalisation.MeanAndStd(
                List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225))),
        true,
        null);
  }

  /**
   * The operation that brings an image of one size into its place of a padded batch.
   *
   * @param source the image
   * @param size what {@link #resize} makes of it
   * @param canvas the padded size, at least {@code size}
   */
  public ResizeNormalize op(PixelSize source, PixelSize size, PixelSize canvas) {
    boolean same = source.equals(size);
    ResamplingPlan plan = resampling.plan(source, size);
    List<Float> lookup = new ArrayList<>();
    for (float value : normalisation.table()) {
      lookup.add(value);
    }
    return new ResizeNormalize(
        source.height(),
        source.width(),
        size.height(),
        size.width(),
        canvas.height(),
        canvas.width(),
        same ? null : plan.horizontal(),
        same ? null : plan.vertical(),
        same ? ResizeNormalize.Arithmetic.ROUND_EACH_PASS : plan.arithmetic(),
        lookup);
  }

  /**
   * The padded size of a batch.
   *
   * @throws ImageException when an image does not fit {@code padSize}, sizes differ and {@code pad}
   *     is false, or it has more than {@link ResizeRule#MAX_PIXELS} pixels
   */
  public PixelSize canvas(List<PixelSize> resized) {
    PixelSize canvas = padded(resized);
    if (canvas.pixels() > ResizeRule.MAX_PIXELS) {
      throw new ImageException(
          "padding the images of this batch to %s gives more than %d pixels each: use images of similar sizes"
              .formatted(canvas, ResizeRule.MAX_PIXELS));
    }
    return canvas;
  }

  private PixelSize padded(List<PixelSize> resized) {
    int width = 0;
    int height = 0;
    for (PixelSize size : resized) {
      width = Math.max(width, size.width());
      height = Math.max(height, size.height());
    }
    PixelSize largest = new PixelSize(width, height);
    for (PixelSize size : resized) {
      if (!pad && !size.equals(largest)) {
        throw new ImageException(
            "images of a batch are resized to "
                + size
                + " and "
                + largest
                + ", and do_pad is false: use one size");
      }
    }
    if (!pad || padSize == null) {
      return largest;
    }
    if (width > padSize.width() || height > padSize.height()) {
      throw new ImageException("image resized to " + largest + " does not fit pad_size " + padSize);
    }
    return padSize;
  }
}
