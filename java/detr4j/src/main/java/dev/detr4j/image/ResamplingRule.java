package dev.detr4j.image;

/**
 * The arithmetic by which one library resizes images. Two libraries that both say "bilinear" differ
 * by a grey level here and there, or, without antialiasing, by more than a hundred.
 *
 * <p>A rule is immutable; {@link #plan} is pure. Of bytes it does all floating-point work, so that
 * what remains for a backend is integer arithmetic with one right answer.
 */
public sealed interface ResamplingRule
    permits FloatLinear, OpenCvLinear, PillowResampling, TorchvisionResampling {
  /**
   * Prepares a resize between two sizes.
   *
   * @throws dev.detr4j.error.ImageException when a side is less than 1
   */
  ResamplingPlan plan(PixelSize source, PixelSize target);
}
