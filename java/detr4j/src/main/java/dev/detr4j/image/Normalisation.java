package dev.detr4j.image;

import dev.detr4j.error.ModelConfigException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From 8-bit channel values to the network's fp32 input, as a table of 3 x 256 values: {@code out =
 * table[channel * 256 + value]}. With only 256 inputs the table holds the exact float arithmetic of
 * the original, whatever it was, and a kernel needs no arithmetic of its own.
 *
 * <p>Immutable and thread-safe; the array must not be written.
 */
public final class Normalisation {
  private final float[] table;

  private Normalisation(float[] table) {
    this.table = table;
  }

  /**
   * Hugging Face's torchvision backend. Rescale and normalise are fused, in fp32: {@code (x - m) /
   * s} with {@code m = (float) mean * (float) (1 / rescaleFactor)} and {@code s} alike. Without
   * normalise: {@code x * (float) rescaleFactor}; without rescale: {@code (x - mean) / std}.
   *
   * @param rescaleFactor null for none
   * @param meanAndStd null for none
   */
  public static Normalisation fused(
      @Nullable Double rescaleFactor, @Nullable MeanAndStd meanAndStd) {
    float[] table = new float[3 * 256];
    for (int i = 0; i < table.length; i++) {
      float value = i & 255;
      if (meanAndStd == null) {
        table[i] = rescaleFactor == null ? value : value * rescaleFactor.floatValue();
      } else {
        float factor = rescaleFactor == null ? 1f : (float) (1.0 / rescaleFactor);
        float mean = meanAndStd.mean().get(i >> 8).floatValue() * factor;
        float std = meanAndStd.std().get(i >> 8).floatValue() * factor;
        table[i] = (value - mean) / std;
      }
    }
    return new Normalisation(table);
  }

  /**
   * Two steps, as Hugging Face's Pillow backend does: {@code r = (float) (x * rescaleFactor)}, the
   * product in double; then {@code (r - (float) mean) / (float) std} in fp32.
   *
   * @param rescaleFactor null for none
   * @param meanAndStd null for none
   */
  public static Normalisation inTwoSteps(
      @Nullable Double rescaleFactor, @Nullable MeanAndStd meanAndStd) {
    float[] table = new float[3 * 256];
    for (int i = 0; i < table.length; i++) {
      float value = rescaleFactor == null ? i & 255 : (float) ((i & 255) * rescaleFactor);
      if (meanAndStd != null) {
        float mean = meanAndStd.mean().get(i >> 8).floatValue();
        value = (value - mean) / meanAndStd.std().get(i >> 8).floatValue();
      }
      table[i] = value;
    }
    return new Normalisation(table);
  }

  /**
   * torchvision's {@code ToTensor} and {@code Normalize}: {@code (x / 255 - mean) / std}, each step
   * in fp32.
   */
  public static Normalisation ofUnitRange(MeanAndStd meanAndStd) {
    float[] table = new float[3 * 256];
    for (int i = 0; i < table.length; i++) {
      float value = (i & 255) / 255f;
      table[i] =
          (value - meanAndStd.mean().get(i >> 8).floatValue())
              / meanAndStd.std().get(i >> 8).floatValue();
    }
    return new Normalisation(table);
  }

  /**
   * The value of each channel and byte, {@code [3, 256]}: red, green, blue. Not a copy: read only.
   */
  public float[] table() {
    return table;
  }

  /**
   * Writes one image into a padded canvas, channels last: the values at the top left, zeros to the
   * right and below. Zeros are written after normalisation, as all five projects do.
   *
   * @param rgb packed RGB of {@code size}
   * @param target fp32 {@code [canvas.height, canvas.width, 3]}
   */
  public void apply(MemorySegment rgb, PixelSize size, PixelSize canvas, MemorySegment target) {
    int rowValues = 3 * canvas.width();
    for (int y = 0; y < size.height(); y++) {
      long from = 3L * y * size.width();
      long to = (long) y * rowValues;
      for (int x = 0; x < size.width(); x++) {
        for (int c = 0; c < 3; c++) {
          int value = rgb.get(ValueLayout.JAVA_BYTE, from + 3L * x + c) & 0xff;
          target.set(
              ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (to + 3L * x + c), table[c << 8 | value]);
        }
      }
      target
          .asSlice(4L * (to + 3L * size.width()), 12L * (canvas.width() - size.width()))
          .fill((byte) 0);
    }
    long used = 4L * size.height() * rowValues;
    target.asSlice(used, 4L * canvas.height() * rowValues - used).fill((byte) 0);
  }

  /**
   * Mean and standard deviation of red, green and blue.
   *
   * @param mean three finite values
   * @param std three finite values, none zero
   */
  public record MeanAndStd(List<Double> mean, List<Double> std) {
    /** Checks both lists; throws {@link ModelConfigException}. */
    public MeanAndStd {
      mean = List.copyOf(mean);
      std = List.copyOf(std);
      check("image_mean", mean, false);
      check("image_std", std, true);
    }

    private static void check(String name, List<Double> values, boolean divisor) {
      boolean good = values.size() == 3;
      for (double value : values) {
        good &= Double.isFinite(value) && !(divisor && (float) value == 0f);
      }
      if (!good) {
        throw new ModelConfigException(
            "preprocessor_config.json: "
                + name
                + " is "
                + values
                + ", expected three "
                + (divisor ? "non-zero " : "")
                + "numbers");
      }
    }
  }
}
