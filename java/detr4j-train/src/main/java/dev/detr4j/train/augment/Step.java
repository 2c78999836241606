package dev.detr4j.train.augment;

import dev.detr4j.image.PillowResampling;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResizeRule;

/** One change with explicit numbers, as facebookresearch/detr's transforms do it. */
public sealed interface Step {
  /** Pillow's bilinear filter, which the originals resize with. */
  PillowResampling RESAMPLING = new PillowResampling(ResamplingFilter.BILINEAR);

  /** Changes picture and boxes. */
  void apply(Scene scene);

  /** Left and right turned round. */
  record Flip() implements Step {
    @Override
    public void apply(Scene scene) {
      scene.flip();
    }
  }

  /**
   * The short side becomes {@code size}, unless the long one would pass {@code longest}.
   *
   * @param longest 0 for no limit
   */
  record Resize(int size, int longest) implements Step {
    /** The size of the result. */
    public PixelSize target(int width, int height) {
      int limit = longest == 0 ? Integer.MAX_VALUE : longest;
      return new ResizeRule.OriginalDetr(size, limit).target(width, height);
    }

    @Override
    public void apply(Scene scene) {
      scene.resize(target(scene.width(), scene.height()), RESAMPLING);
    }
  }

  /** A part of the picture. */
  record Crop(int top, int left, int height, int width) implements Step {
    @Override
    public void apply(Scene scene) {
      scene.crop(top, left, height, width);
    }
  }
}
