package dev.detr4j.image;

import dev.detr4j.ImageException;
import dev.detr4j.op.ResamplingTable;

/**
 * Everything a kernel needs to resize an 8-bit image between two given sizes: one table per axis
 * and the arithmetic between them. Immutable and thread-safe.
 *
 * <p>Order of the passes: <b>horizontal first</b>, from {@code [sourceHeight, sourceWidth, 3]} to
 * an intermediate {@code [sourceHeight, targetWidth, 3]}, then vertical to {@code [targetHeight,
 * targetWidth, 3]}. The order and the intermediate rounding are part of the result, and all
 * arithmetic is integer: every implementation gives equal bytes.
 *
 * @param horizontal the table of the width
 * @param vertical the table of the height
 * @param arithmetic how sums are rounded
 */
public record ResamplingPlan(
    ResamplingTable horizontal, ResamplingTable vertical, Arithmetic arithmetic) {

  /** How the weighted sums of {@link ResamplingTable} are rounded. */
  public enum Arithmetic {
    /**
     * Both passes alike, with an 8-bit intermediate: {@code clamp((sum + (1 << (p - 1))) >> p, 0,
     * 255)} in {@code int32}, {@code p} the axis' precision and {@code >>} an arithmetic shift.
     * Pillow and torchvision.
     */
    ROUND_EACH_PASS,
    /**
     * Two taps an axis, source positions clamped to the image. The horizontal sum {@code s} is kept
     * in {@code int32}; then {@code clamp((((w0 * (s0 >> 4)) >> 16) + ((w1 * (s1 >> 4)) >> 16) + 2)
     * >> 2, 0, 255)}. OpenCV.
     */
    OPENCV_LINEAR
  }

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
    return arithmetic == Arithmetic.OPENCV_LINEAR ? samples * Integer.BYTES : samples;
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
