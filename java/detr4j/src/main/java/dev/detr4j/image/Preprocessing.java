package dev.detr4j.image;

import dev.detr4j.ImageException;
import dev.detr4j.ModelConfigException;
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
   * Which of the two image processors of Hugging Face is followed; they differ by a grey level here
   * and there.
   */
  public enum Flavour {
    /** The default of transformers 5 and its "fast" processors before. */
    TORCHVISION,
    /** The "slow" processors of transformers 4 and {@code backend="pil"} of transformers 5. */
    PILLOW
  }

  /**
   * Short side 800, long side at most 1333, ImageNet statistics: the default of DETR and Deformable
   * DETR.
   */
  public static Preprocessing standard() {
    return new HuggingFaceSettings().toPreprocessing();
  }

  /**
   * The operation that brings an image of one size into its place of a padded batch.
   *
   * @param source the image
   * @param size what {@link #resize} makes of it
   * @param canvas the padded size, at least {@code size}
   * @throws ModelConfigException for arithmetic that the operation does not have
   */
  public ResizeNormalize op(PixelSize source, PixelSize size, PixelSize canvas) {
    boolean same = source.equals(size);
    ResamplingPlan plan = resampling.plan(source, size);
    if (plan.arithmetic() != ResamplingPlan.Arithmetic.ROUND_EACH_PASS) {
      throw new ModelConfigException("pre-processing with " + plan.arithmetic() + " has no kernel");
    }
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
        lookup);
  }

  /**
   * The padded size of a batch.
   *
   * @throws ImageException when an image does not fit {@code padSize}, or sizes differ and {@code
   *     pad} is false
   */
  public PixelSize canvas(List<PixelSize> resized) {
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

  /**
   * The values of a {@code preprocessor_config.json} of Hugging Face, already read; fields left
   * alone have the default of the DETR processors. Old names: {@code max_size} is {@code
   * longest_edge}, an integer {@code size} is {@code shortest_edge}, {@code
   * pad_and_return_pixel_mask} is {@code do_pad}.
   *
   * <p>Mutable, for one thread; {@link #toPreprocessing} checks and freezes it.
   */
  public static final class HuggingFaceSettings {
    private boolean resize = true;
    private ResizeRule rule = new ResizeRule.HuggingFace(800, 1333);
    private int resample = 2;
    private boolean rescale = true;
    private double rescaleFactor = 1 / 255.0;
    private boolean normalise = true;
    private List<Double> mean = List.of(0.485, 0.456, 0.406);
    private List<Double> std = List.of(0.229, 0.224, 0.225);
    private boolean pad = true;
    private @Nullable PixelSize padSize;
    private Flavour flavour = Flavour.TORCHVISION;

    /** The defaults. */
    public HuggingFaceSettings() {}

    /** {@code do_resize}. */
    public HuggingFaceSettings resize(boolean value) {
      resize = value;
      return this;
    }

    /**
     * {@code size}, given by its keys; null for an absent one. The pairs are looked for in the
     * order of transformers: shortest and longest edge, shortest edge alone, maximal height and
     * width, height and width.
     *
     * @throws ModelConfigException when no known combination is there, or a value is not positive
     */
    public HuggingFaceSettings size(
        @Nullable Integer shortestEdge,
        @Nullable Integer longestEdge,
        @Nullable Integer maxHeight,
        @Nullable Integer maxWidth,
        @Nullable Integer height,
        @Nullable Integer width) {
      if (shortestEdge != null && longestEdge != null) {
        rule =
            new ResizeRule.HuggingFace(
                positive("shortest_edge", shortestEdge), positive("longest_edge", longestEdge));
      } else if (shortestEdge != null) {
        rule = new ResizeRule.ShortestEdge(positive("shortest_edge", shortestEdge));
      } else if (maxHeight != null && maxWidth != null) {
        rule =
            new ResizeRule.Within(
                positive("max_width", maxWidth), positive("max_height", maxHeight));
      } else if (height != null && width != null) {
        rule = new ResizeRule.Fixed(positive("width", width), positive("height", height));
      } else {
        throw new ModelConfigException(
            "preprocessor_config.json: size needs shortest_edge (and longest_edge), max_height and max_width, or height"
                + " and width");
      }
      return this;
    }

    /**
     * An integer {@code size} and {@code max_size} (1333 when absent), as configurations of 2020 to
     * 2023 have it.
     */
    public HuggingFaceSettings legacySize(int size, @Nullable Integer maxSize) {
      return size(size, maxSize == null ? Integer.valueOf(1333) : maxSize, null, null, null, null);
    }

    /** {@code resample}: a Pillow filter number, 2 (bilinear) or 3 (bicubic). */
    public HuggingFaceSettings resample(int value) {
      resample = value;
      return this;
    }

    /** {@code do_rescale} and {@code rescale_factor}. */
    public HuggingFaceSettings rescale(boolean value, double factor) {
      rescale = value;
      rescaleFactor = factor;
      return this;
    }

    /** {@code do_normalize}, {@code image_mean} and {@code image_std}. */
    public HuggingFaceSettings normalise(
        boolean value, List<Double> imageMean, List<Double> imageStd) {
      normalise = value;
      mean = imageMean;
      std = imageStd;
      return this;
    }

    /** {@code do_pad} and, null for none, {@code pad_size}. */
    public HuggingFaceSettings pad(boolean value, @Nullable PixelSize size) {
      pad = value;
      padSize = size;
      return this;
    }

    /** Which processor to follow; {@link Flavour#TORCHVISION} unless said otherwise. */
    public HuggingFaceSettings flavour(Flavour value) {
      flavour = value;
      return this;
    }

    /** Checks the values; throws {@link ModelConfigException} for what cannot be done. */
    public Preprocessing toPreprocessing() {
      ResamplingFilter filter =
          switch (resample) {
            case 2 -> ResamplingFilter.BILINEAR;
            case 3 -> ResamplingFilter.BICUBIC;
            default ->
                throw new ModelConfigException(
                    "preprocessor_config.json: resample is "
                        + resample
                        + ", expected 2 (bilinear) or 3 (bicubic)");
          };
      if (rescale && !(Double.isFinite(rescaleFactor) && rescaleFactor > 0)) {
        throw new ModelConfigException(
            "preprocessor_config.json: rescale_factor is "
                + rescaleFactor
                + ", expected a positive number");
      }
      Double factor = rescale ? rescaleFactor : null;
      Normalisation.MeanAndStd statistics =
          normalise ? new Normalisation.MeanAndStd(mean, std) : null;
      boolean torchvision = flavour == Flavour.TORCHVISION;
      return new Preprocessing(
          resize ? rule : new ResizeRule.Keep(),
          torchvision ? new TorchvisionResampling(filter) : new PillowResampling(filter),
          torchvision
              ? Normalisation.fused(factor, statistics)
              : Normalisation.inTwoSteps(factor, statistics),
          pad,
          padSize);
    }

    private static int positive(String key, int value) {
      // 16384 is far beyond every published model and keeps all products of sides within int.
      if (value < 1 || value > 1 << 14) {
        throw new ModelConfigException(
            "preprocessor_config.json: size." + key + " is " + value + ", expected 1 to 16384");
      }
      return value;
    }
  }
}
