package dev.detr4j.image;

import dev.detr4j.error.ImageException;

/**
 * Which size an image is resized to before the network sees it. The projects agree on "short side
 * 800, long side at most 1333" and differ in rounding, which moves boxes by up to a pixel; so there
 * is one record per project.
 *
 * <p>Rules are immutable. {@link #target} throws {@link ImageException} for an image so elongated
 * that a side would vanish, or be reduced by more than {@link #MAX_REDUCTION}, or the whole would
 * pass {@link #MAX_PIXELS}.
 */
public sealed interface ResizeRule {
  /**
   * The largest input that is passed on to a network, 2^26 pixels; far more than any of them was
   * trained for.
   */
  long MAX_PIXELS = 1L << 26;

  /**
   * As many pixels in a row or column become one at the most: time and memory of a resize grow with
   * the sides of the image, and a few kilobytes can hold one of a hundred million by one.
   */
  int MAX_REDUCTION = 1024;

  /** The size that an image of this size becomes; both sides at least 1. */
  default PixelSize target(int width, int height) {
    PixelSize target = compute(width, height);
    if (target.width() < 1 || target.height() < 1) {
      throw new ImageException(
          "image of "
              + width
              + "x"
              + height
              + " pixels is too elongated: the model's size rule makes it "
              + target);
    }
    if (width > (long) MAX_REDUCTION * target.width()
        || height > (long) MAX_REDUCTION * target.height()) {
      throw new ImageException(
          "image of %dx%d pixels becomes %s by the model's size rule: more than %d pixels in one"
              .formatted(width, height, target, MAX_REDUCTION));
    }
    if (target.pixels() > MAX_PIXELS) {
      throw new ImageException(
          "image of "
              + width
              + "x"
              + height
              + " pixels becomes "
              + target
              + " by the model's size rule, more than "
              + MAX_PIXELS
              + " pixels");
    }
    return target;
  }

  /** The bare rule, without the check of {@link #target}. */
  PixelSize compute(int width, int height);

  /** Keeps every image as it is. */
  record Keep() implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      return new PixelSize(width, height);
    }
  }

  /** One size for every image, whatever its shape. */
  record Fixed(int width, int height) implements ResizeRule {
    @Override
    public PixelSize compute(int sourceWidth, int sourceHeight) {
      return new PixelSize(width, height);
    }
  }

  /**
   * Hugging Face {@code max_height}/{@code max_width}: the largest size of the same shape that
   * fits, truncated.
   */
  record Within(int maxWidth, int maxHeight) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      double scale = Math.min((double) maxHeight / height, (double) maxWidth / width);
      return new PixelSize((int) (width * scale), (int) (height * scale));
    }
  }

  /**
   * torchvision's {@code Resize(shortest)}, as birder uses it: the long side is truncated and has
   * no limit.
   */
  record ShortestEdge(int shortest) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      return width <= height
          ? new PixelSize(shortest, scaled(shortest, height, width))
          : new PixelSize(scaled(shortest, width, height), shortest);
    }
  }

  /**
   * microsoft/table-transformer: the long side becomes {@code longest}, the other rounds to even.
   */
  record LongestEdge(int longest) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      double scale = (double) longest / Math.max(width, height);
      return new PixelSize((int) Math.rint(scale * width), (int) Math.rint(scale * height));
    }
  }

  /**
   * Hugging Face {@code shortest_edge}/{@code longest_edge}. When the long side is capped, the
   * short side is rounded half to even, but the long side is computed from the unrounded short
   * side.
   */
  record HuggingFace(int shortest, int longest) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      double least = Math.min(width, height);
      double most = Math.max(width, height);
      boolean capped = most / least * shortest > longest;
      double raw = capped ? longest * least / most : shortest;
      int edge = (int) Math.rint(raw);
      if (Math.min(width, height) == edge) {
        return new PixelSize(width, height);
      }
      return width < height
          ? new PixelSize(edge, (int) (raw * height / width))
          : new PixelSize((int) (raw * width / height), edge);
    }
  }

  /**
   * facebookresearch/detr and fundamentalvision/Deformable-DETR: the long side follows the rounded
   * short side.
   */
  record OriginalDetr(int shortest, int longest) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      double least = Math.min(width, height);
      double most = Math.max(width, height);
      int edge =
          most / least * shortest > longest ? (int) Math.rint(longest * least / most) : shortest;
      if (Math.min(width, height) == edge) {
        return new PixelSize(width, height);
      }
      return width < height
          ? new PixelSize(edge, scaled(edge, height, width))
          : new PixelSize(scaled(edge, width, height), edge);
    }
  }

  /** detectron2's {@code ResizeShortestEdge}: scale, cap by scaling again, round half up. */
  record Detectron2(int shortest, int longest) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      double scale = (double) shortest / Math.min(width, height);
      double newHeight = height < width ? shortest : scale * height;
      double newWidth = height < width ? scale * width : shortest;
      double most = Math.max(newHeight, newWidth);
      if (most > longest) {
        double cap = longest * 1.0 / most;
        newHeight *= cap;
        newWidth *= cap;
      }
      return new PixelSize((int) (newWidth + 0.5), (int) (newHeight + 0.5));
    }
  }

  /** mmdetection's {@code Resize(keep_ratio=True)}: one factor for both sides, round half up. */
  record MmDetection(int shortest, int longest) implements ResizeRule {
    @Override
    public PixelSize compute(int width, int height) {
      double factor =
          Math.min(
              (double) longest / Math.max(width, height),
              (double) shortest / Math.min(width, height));
      return new PixelSize((int) (width * factor + 0.5), (int) (height * factor + 0.5));
    }
  }

  private static int scaled(int edge, int numerator, int denominator) {
    return (int) ((double) ((long) edge * numerator) / denominator);
  }
}
