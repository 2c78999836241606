package dev.detr4j.image;

import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;

/**
 * PyTorch's bilinear {@code interpolate} of fp32 values without antialiasing, as transformers calls
 * it for RF-DETR: two taps an axis whatever the scale, and nothing is rounded to bytes.
 *
 * <p>Positions are computed in fp32 with one rounding, as PyTorch's builds for processors with
 * fused multiply-adds do: the last bit of a position far from the edge is a visible part of a
 * weight.
 */
public record FloatLinear() implements ResamplingRule {
  /** Holds every fp32 weight of 2^-6 and more exactly, and smaller ones to 2^-31. */
  private static final int PRECISION_BITS = 30;

  @Override
  public ResamplingPlan plan(PixelSize source, PixelSize target) {
    ResamplingPlan.check(source, target);
    return new ResamplingPlan(
        table(source.width(), target.width()),
        table(source.height(), target.height()),
        ResizeNormalize.Arithmetic.LINEAR_F32);
  }

  private static ResamplingTable table(int source, int target) {
    int[] start = new int[target];
    int[] count = new int[target];
    int[] weights = new int[2 * target];
    float scale = (float) source / target;
    for (int i = 0; i < target; i++) {
      float position = Math.max(Math.fma(scale, i + 0.5f, -0.5f), 0);
      start[i] = Math.min((int) position, source - 1);
      count[i] = 2;
      float fraction = Math.clamp(position - start[i], 0f, 1f);
      weights[2 * i] = fixed(1f - fraction);
      weights[2 * i + 1] = fixed(fraction);
    }
    return new ResamplingTable(source, start, count, weights, 2, PRECISION_BITS);
  }

  private static int fixed(float weight) {
    return (int) Math.rint(weight * (double) (1 << PRECISION_BITS));
  }
}
