package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;

/**
 * Everything a kernel needs to resize an image between two given sizes: one table per axis and the
 * arithmetic between them. Immutable and thread-safe.
 *
 * <p>Order of the passes: <b>horizontal first</b>, from {@code [sourceHeight, sourceWidth, 3]} to
 * an intermediate {@code [sourceHeight, targetWidth, 3]}, then vertical to {@code [targetHeight,
 * targetWidth, 3]}. The order and the intermediate rounding are part of the result. All arithmetic
 * on bytes is integer, so every implementation gives equal bytes.
 *
 * @param horizontal the table of the width
 * @param vertical the table of the height
 * @param arithmetic how sums are rounded
 */
public record ResamplingPlan(
    ResamplingTable horizontal, ResamplingTable vertical, ResizeNormalize.Arithmetic arithmetic) {

  /** The size that the plan reads. */
  public PixelSize source() {
    return new PixelSize(horizontal.sourceSize(), vertical.sourceSize());
  }

  /** The size that the plan writes. */
  public PixelSize target() {
    return new PixelSize(horizontal.size(), vertical.size());
  }

  /** Bytes of the intermediate image between the two passes, as {@link PlainResampler} wants it. */
  public long intermediateBytes() {
    long samples = 3L * horizontal.size() * vertical.sourceSize();
    return arithmetic == ResizeNormalize.Arithmetic.OPENCV_LINEAR
        ? samples * Integer.BYTES
        : samples;
  }

  static void check(PixelSize source, PixelSize target) {
    if (source.width() < 1 || source.height() < 1 || target.width() < 1 || target.height() < 1) {
      throw new ImageException(
          "cannot resize an image of "
              + source
              + " to "
              + target
              + " pixels: a side is less than 1");
    }
  }
}
