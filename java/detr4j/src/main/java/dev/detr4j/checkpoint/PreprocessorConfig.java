package dev.detr4j.checkpoint;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How an image becomes the input of a Hugging Face model of the DETR family: resize, rescale,
 * normalise, pad, in this order. Plain values, checked when they were read.
 *
 * @param size the rule that gives the resized size, or null when images are not resized
 * @param resample the filter of the resize
 * @param rescaleFactor what 8-bit values are multiplied by; 1 when they are not rescaled
 * @param normalize whether images are normalised after rescaling
 * @param mean per channel, subtracted after rescaling
 * @param std per channel, divided by after that
 * @param pad whether the images of a batch are padded, bottom and right, to a common size
 * @param padSize the size to pad to, or null for the largest height and width of the batch
 * @param floats whether values are rescaled first and resized in fp32 without antialiasing, as
 *     RF-DETR's processor does; else bytes are resized
 */
public record PreprocessorConfig(
    @Nullable SizeRule size,
    Resample resample,
    double rescaleFactor,
    boolean normalize,
    List<Double> mean,
    List<Double> std,
    boolean pad,
    @Nullable Exactly padSize,
    boolean floats) {
  /** Pillow's numbers of the filters are the indices here. */
  private static final List<Resample> RESAMPLES =
      List.of(
          Resample.NEAREST,
          Resample.LANCZOS,
          Resample.BILINEAR,
          Resample.BICUBIC,
          Resample.BOX,
          Resample.HAMMING);

  private static final int LONGEST_EDGE = 1 << 16;

  /** The processors that do what is described here, under the names of their first backend. */
  private static final List<String> PROCESSORS =
      List.of(
          "DetrImageProcessor", "DeformableDetrImageProcessor", "ConditionalDetrImageProcessor");

  /** The processor that stretches images to a square and neither normalises nor pads. */
  private static final String RT_DETR = "RTDetrImageProcessor";

  private static final int RT_DETR_SIDE = 640;

  /** The processor that rescales before it resizes. */
  private static final String RF_DETR = "RfDetrImageProcessor";

  /** A rule from the size of an image to the size it is resized to. */
  public sealed interface SizeRule {}

  /**
   * The shorter edge becomes {@code shortest}, or less where the longer one would exceed {@code
   * longest}.
   */
  public record Edges(int shortest, int longest) implements SizeRule {}

  /** This size, whatever the aspect ratio was. */
  public record Exactly(int height, int width) implements SizeRule {}

  /** The largest size of the same aspect ratio that fits. */
  public record Within(int maxHeight, int maxWidth) implements SizeRule {}

  /** The filters of Pillow that a configuration can name. */
  public enum Resample {
    NEAREST,
    LANCZOS,
    BILINEAR,
    BICUBIC,
    BOX,
    HAMMING
  }

  public PreprocessorConfig {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
  }

  /**
   * What the image processor classes do when there is no file: 800/1333, bilinear, ImageNet
   * statistics, padding.
   */
  public static PreprocessorConfig defaults() {
    return new PreprocessorConfig(
        new Edges(800, 1333),
        Resample.BILINEAR,
        1 / 255.0,
        true,
        List.of(0.485, 0.456, 0.406),
        List.of(0.229, 0.224, 0.225),
        true,
        null,
        false);
  }

  /** What one image processor does when there is no file, by its name. */
  public static PreprocessorConfig defaults(String processor) {
    PreprocessorConfig detr = defaults();
    boolean stretches = processor.equals(RT_DETR);
    return new PreprocessorConfig(
        stretches ? new Exactly(RT_DETR_SIDE, RT_DETR_SIDE) : detr.size,
        detr.resample,
        detr.rescaleFactor,
        !stretches,
        detr.mean,
        detr.std,
        !stretches,
        null,
        processor.equals(RF_DETR));
  }

  /**
   * Reads a {@code preprocessor_config.json} of transformers 4.x or 5.x; throws {@link
   * ModelConfigException}.
   */
  public static PreprocessorConfig read(Path file) {
    return read(JsonObject.read(file, ModelConfigException::new));
  }

  /**
   * Checks an object that has been parsed already. Absent fields are as in {@link #defaults}; a
   * field that is null is not: transformers then takes Python's None, so that a switch is off.
   */
  static PreprocessorConfig read(JsonObject json) {
    return read(json, "DetrImageProcessor");
  }

  /**
   * As above.
   *
   * @param processor that of the model's family, where the file names none
   */
  static PreprocessorConfig read(JsonObject json, String processor) {
    PreprocessorConfig defaults = defaults(processor(json, processor));
    boolean resize = isOn(json, "do_resize", true);
    boolean normalize = isOn(json, "do_normalize", defaults.normalize);
    List<Double> mean = normalize ? channels(json, "image_mean", defaults.mean) : defaults.mean;
    List<Double> std = normalize ? channels(json, "image_std", defaults.std) : defaults.std;
    for (double deviation : std) {
      if (!(deviation > 0)) {
        throw json.wrong("image_std holds " + deviation + ", expected positive numbers");
      }
    }
    return new PreprocessorConfig(
        resize ? size(json, defaults.size) : null,
        resize ? resample(json, defaults.resample) : defaults.resample,
        isOn(json, "do_rescale", true) ? factor(json, defaults.rescaleFactor) : 1,
        normalize,
        mean,
        std,
        isOn(json, isThere(json, "do_pad") ? "do_pad" : "pad_and_return_pixel_mask", defaults.pad),
        json.has("pad_size") ? exactly(json.object("pad_size")) : null,
        defaults.floats);
  }

  /** Refuses a file that another family's processor wrote: it would do something else. */
  private static String processor(JsonObject json, String absent) {
    String field =
        json.has("image_processor_type") ? "image_processor_type" : "feature_extractor_type";
    if (!json.has(field)) {
      return absent;
    }
    String type = json.string(field);
    // DetrImageProcessor is also called DetrFeatureExtractor, DetrImageProcessorFast and …Pil.
    String plain =
        type.replace("FeatureExtractor", "ImageProcessor").replaceFirst("(Fast|Pil)$", "");
    if (!PROCESSORS.contains(plain) && !plain.equals(RT_DETR) && !plain.equals(RF_DETR)) {
      throw json.wrong(
          "%s is \"%s\", supported are %s, %s and %s"
              .formatted(field, OneLine.of(type), String.join(", ", PROCESSORS), RT_DETR, RF_DETR));
    }
    return plain;
  }

  private static boolean isThere(JsonObject json, String name) {
    return json.has(name) || json.isNull(name);
  }

  private static boolean isOn(JsonObject json, String name, boolean absent) {
    return !json.isNull(name) && json.bool(name, absent);
  }

  /** A filter by Pillow's number, or by the word that torchvision takes as well. */
  private static Resample resample(JsonObject json, Resample absent) {
    checkNotNull(json, "resample", "the number of a filter");
    if (json.value("resample").orElse(null) instanceof String word) {
      for (Resample known : RESAMPLES) {
        if (word.equals(known.name().toLowerCase(Locale.ROOT))) {
          return known;
        }
      }
      throw json.wrong(
          "resample is \"%s\", expected 0 to %d or a word as bilinear or bicubic"
              .formatted(OneLine.of(word), RESAMPLES.size() - 1));
    }
    return RESAMPLES.get(
        json.integer("resample", RESAMPLES.indexOf(absent), 0, RESAMPLES.size() - 1));
  }

  /** transformers refuses an image when it needs a value that its file sets to null. */
  private static void checkNotNull(JsonObject json, String name, String expected) {
    if (json.isNull(name)) {
      throw json.wrong(name + " is null, expected " + expected);
    }
  }

  private static double factor(JsonObject json, double absent) {
    checkNotNull(json, "rescale_factor", "a positive number");
    double factor = json.number("rescale_factor", absent);
    if (!(factor > 0)) {
      throw json.wrong("rescale_factor is " + factor + ", expected a positive number");
    }
    return factor;
  }

  private static List<Double> channels(JsonObject json, String name, List<Double> absent) {
    checkNotNull(json, name, "3 finite numbers (RGB)");
    if (json.value(name).orElse(null) instanceof Number) {
      return Collections.nCopies(3, json.number(name));
    }
    List<Double> values = json.has(name) ? json.numbers(name) : absent;
    if (values.size() != 3) {
      throw json.wrong(name + " has " + values.size() + " values, expected 3 finite numbers (RGB)");
    }
    return values;
  }

  /**
   * A number with {@code max_size} beside it is the style of the feature extractors before 4.25.
   */
  private static @Nullable SizeRule size(JsonObject json, @Nullable SizeRule absent) {
    if (!json.has("size")) {
      return absent;
    }
    if (json.isList("size")) {
      List<Integer> size = json.integers("size", 1, LONGEST_EDGE);
      if (size.size() != 2) {
        throw json.wrong("size has " + size.size() + " numbers, expected height and width");
      }
      return new Exactly(size.get(0), size.get(1));
    }
    if (!json.isObject("size")) {
      checkNotNull(json, "max_size", "an integer beside size");
      return new Edges(edge(json, "size"), json.integer("max_size", 1333, 1, LONGEST_EDGE));
    }
    JsonObject size = json.object("size");
    if (size.has("shortest_edge") && size.has("longest_edge")) {
      return new Edges(edge(size, "shortest_edge"), edge(size, "longest_edge"));
    }
    if (size.has("longest_edge") && size.names().size() == 1) {
      // The v1.1 repositories of Table Transformer. transformers refuses this form; the answer
      // there
      // is to give both edges this value.
      return new Edges(edge(size, "longest_edge"), edge(size, "longest_edge"));
    }
    if (size.has("max_height") && size.has("max_width")) {
      return new Within(edge(size, "max_height"), edge(size, "max_width"));
    }
    if (size.has("height") && size.has("width")) {
      return exactly(size);
    }
    throw size.wrong(
        "has %s, expected shortest_edge and longest_edge, height and width, or max_height and max_width"
            .formatted(OneLine.of(String.join(" and ", size.names()))));
  }

  private static Exactly exactly(JsonObject json) {
    return new Exactly(edge(json, "height"), edge(json, "width"));
  }

  private static int edge(JsonObject json, String name) {
    return json.integer(name, 1, LONGEST_EDGE);
  }
}
