package dev.detr4j.image;

import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;

/**
 * OpenCV's {@code resize} with {@code INTER_LINEAR} of 8-bit channels, as mmdetection calls it: two
 * taps an axis whatever the scale (no antialiasing), 11-bit weights, and a sum that is rounded
 * once, after the vertical pass.
 *
 * <p>A reduction by exactly two on both axes is a mean of four pixels there ({@code INTER_AREA}),
 * which two taps of one half each give as well.
 */
public record OpenCvLinear() implements ResamplingRule {
  private static final int PRECISION_BITS = 11;

  @Override
  public ResamplingPlan plan(PixelSize source, PixelSize target) {
    ResamplingPlan.check(source, target);
    return new ResamplingPlan(
        table(source.width(), target.width(), true),
        table(source.height(), target.height(), false),
        ResizeNormalize.Arithmetic.OPENCV_LINEAR);
  }

  /**
   * The horizontal pass puts all weight on the edge pixel beyond the edge; the vertical one repeats
   * the edge row under both weights, and each product is truncated, so the two are not the same.
   */
  private static ResamplingTable table(int source, int target, boolean horizontal) {
    int[] start = new int[target];
    int[] count = new int[target];
    int[] weights = new int[2 * target];
    double scale = 1.0 / ((double) target / source);
    for (int i = 0; i < target; i++) {
      float position = (float) ((i + 0.5) * scale - 0.5);
      int first = (int) Math.floor(position);
      float fraction = position - first;
      if (horizontal && first < 0) {
        first = 0;
        fraction = 0;
      }
      if (horizontal && first >= source - 1) {
        first = source - 1;
        fraction = 0;
      }
      start[i] = first;
      count[i] = 2;
      weights[2 * i] = (int) Math.rint((1f - fraction) * (1 << PRECISION_BITS));
      weights[2 * i + 1] = (int) Math.rint(fraction * (1 << PRECISION_BITS));
    }
    return new ResamplingTable(source, start, count, weights, 2, PRECISION_BITS);
  }
}
