package dev.detr4j.image;

import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;

/**
 * torchvision's {@code resize(..., antialias=True)} of a {@code uint8} tensor: Pillow's filter with
 * weights that fit 16 bits. Each axis takes the largest precision at which its largest weight stays
 * below {@code 2^15}.
 *
 * <p>The formula is that of PyTorch's {@code _upsample_bilinear2d_aa} and {@code
 * _upsample_bicubic2d_aa} for {@code uint8} on the CPU.
 */
public record TorchvisionResampling(ResamplingFilter filter) implements ResamplingRule {
  private static final int MAX_PRECISION_BITS = 22;

  @Override
  public ResamplingPlan plan(PixelSize source, PixelSize target) {
    ResamplingPlan.check(source, target);
    return new ResamplingPlan(
        table(source.width(), target.width()),
        table(source.height(), target.height()),
        ResizeNormalize.Arithmetic.ROUND_EACH_PASS);
  }

  private ResamplingTable table(int source, int target) {
    AntialiasWeights weights = new AntialiasWeights(source, target, filter);
    double largest = weights.largest();
    int precision = 0;
    while (precision < MAX_PRECISION_BITS
        && (int) (0.5 + largest * (1 << (precision + 1))) < 1 << 15) {
      precision++;
    }
    return weights.toTable(precision);
  }
}
