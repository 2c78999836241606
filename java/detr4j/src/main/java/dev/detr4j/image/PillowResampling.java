package dev.detr4j.image;

import dev.detr4j.op.ResizeNormalize;

/**
 * Pillow's {@code Image.resize} of 8-bit channels, which is also how facebookresearch/detr,
 * fundamentalvision/ Deformable-DETR and detectron2 resize: antialiased, weights in 22-bit fixed
 * point, horizontal before vertical.
 */
public record PillowResampling(ResamplingFilter filter) implements ResamplingRule {
  private static final int PRECISION_BITS = 22;

  @Override
  public ResamplingPlan plan(PixelSize source, PixelSize target) {
    ResamplingPlan.check(source, target);
    return new ResamplingPlan(
        new AntialiasWeights(source.width(), target.width(), filter).toTable(PRECISION_BITS),
        new AntialiasWeights(source.height(), target.height(), filter).toTable(PRECISION_BITS),
        ResizeNormalize.Arithmetic.ROUND_EACH_PASS);
  }
}
