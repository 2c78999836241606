package dev.detr4j.spark;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import java.io.Serial;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The model that a column or function detects with, and its settings.
 *
 * <p>Only these options travel to the executors, never the model: an executor opens it from its own
 * disk or class path. All options may be left out. In {@code spark-sql}, each is a setting {@code
 * spark.detr4j.<option>}; see {@link DetectorExtensions}.
 *
 * <table>
 *   <caption>Options</caption>
 *   <tr><th>option</th><th>value</th><th>default</th></tr>
 *   <tr><td>{@code model}</td><td>see {@link #model}</td><td>the jar detr4j-model-codes</td></tr>
 *   <tr><td>{@code labels}</td><td>a file of class names, given as a model is</td><td>those of the model</td></tr>
 *   <tr><td>{@code threshold}</td><td>0..1; detections have a greater score</td><td>0.5</td></tr>
 *   <tr><td>{@code classes}</td><td>the classes to report, with commas between</td><td>all</td></tr>
 *   <tr><td>{@code backend}</td><td>auto, c, vector, cuda or reference</td><td>auto</td></tr>
 *   <tr><td>{@code precision}</td><td>fp32, tf32 or bf16</td><td>fp32</td></tr>
 *   <tr><td>{@code threads}</td><td>threads that run the kernels of an executor</td><td>spark.task.cpus</td></tr>
 *   <tr><td>{@code sessions}</td><td>calls that run at once in an executor</td><td>one for each running task</td></tr>
 *   <tr><td>{@code maxPixels}</td><td>the largest image, in pixels</td><td>178,956,970</td></tr>
 * </table>
 *
 * <p>Immutable and thread-safe. Wrong values are refused here, in the driver. Whether a model or a
 * backend can be had is known in the executors only.
 */
public final class DetectorOptions implements Serializable {
  @Serial private static final long serialVersionUID = 1L;

  /** The largest value of {@code maxPixels}. */
  private static final long MOST_PIXELS = 1L << 29;

  /** The options by name; the values are checked. */
  private final TreeMap<String, String> given;

  private DetectorOptions(Map<String, String> given) {
    this.given = new TreeMap<>(given);
  }

  /** No option is given: the default model with its defaults. */
  public static DetectorOptions defaults() {
    return new DetectorOptions(Map.of());
  }

  /**
   * The options of a map from names to values.
   *
   * @throws IllegalArgumentException when there is no such option, or it cannot have the value
   */
  public static DetectorOptions of(Map<String, String> options) {
    DetectorOptions all = defaults();
    for (Map.Entry<String, String> each : options.entrySet()) {
      all = all.with(each.getKey(), each.getValue());
    }
    return all;
  }

  /**
   * Sets the model: a model folder, a zip archive of one, or a checkpoint.
   *
   * @param place an absolute path or {@code file:} address, which every executor must have; or the
   *     name of a file or archive that Spark brings to executors: by {@code --files}, {@code
   *     --archives} or {@code ADD FILE}
   */
  public DetectorOptions model(String place) {
    return with("model", place);
  }

  /** Replaces the class names of the model by those of a file, which is given as a model is. */
  public DetectorOptions labels(String place) {
    return with("labels", place);
  }

  /** Reports detections with a greater score. */
  public DetectorOptions threshold(double score) {
    return with("threshold", Double.toString(score));
  }

  /** Reports only detections of these classes, at least one. */
  public DetectorOptions classes(String... names) {
    return with("classes", String.join(",", names));
  }

  /** Requests a backend. A backend requested by name is used, or tasks fail. */
  public DetectorOptions backend(BackendKind kind) {
    return with("backend", kind.id());
  }

  /** Sets the precision in which convolutions and linear layers multiply. */
  public DetectorOptions precision(Precision products) {
    return with("precision", products.id());
  }

  /** Sets the number of threads that run the kernels of an executor, the tasks' own included. */
  public DetectorOptions threads(int count) {
    return with("threads", Integer.toString(count));
  }

  /** Sets how many calls run at once in an executor; further tasks wait. */
  public DetectorOptions sessions(int count) {
    return with("sessions", Integer.toString(count));
  }

  /** Sets the largest image in pixels; a larger one is an error of its row. */
  public DetectorOptions maxPixels(long pixels) {
    return with("maxPixels", Long.toString(pixels));
  }

  private DetectorOptions with(String option, String value) {
    if (value.isBlank()) {
      throw refused(option, value, "a value");
    }
    String trimmed = value.strip();
    switch (option) {
      case "model", "labels" -> {}
      case "classes" -> classNames(trimmed);
      case "threshold" -> {
        float score = number(option, trimmed, "a number in 0..1", Float::parseFloat);
        if (!(score >= 0 && score <= 1)) {
          throw refused(option, trimmed, "a number in 0..1");
        }
      }
      case "backend" -> named(option, trimmed, BackendKind::of);
      case "precision" -> named(option, trimmed, Precision::of);
      case "threads", "sessions" -> {
        if (number(option, trimmed, "a whole number from 1 on", Integer::parseInt) < 1) {
          throw refused(option, trimmed, "a whole number from 1 on");
        }
      }
      case "maxPixels" -> {
        String expected = "a whole number in 1.." + MOST_PIXELS;
        long pixels = number(option, trimmed, expected, Long::parseLong);
        if (pixels < 1 || pixels > MOST_PIXELS) {
          throw refused(option, trimmed, expected);
        }
      }
      default ->
          throw new IllegalArgumentException(
              "detr4j has no option %s; there are model, labels, threshold, classes, backend, precision, threads, sessions and maxPixels"
                  .formatted(option));
    }
    Map<String, String> more = new TreeMap<>(given);
    more.put(option, trimmed);
    return new DetectorOptions(more);
  }

  private interface Parser<T> {
    T parse(String text);
  }

  private static <T> T number(String option, String value, String expected, Parser<T> parser) {
    try {
      return parser.parse(value);
    } catch (NumberFormatException e) {
      throw refused(option, value, expected);
    }
  }

  private static void named(String option, String value, Parser<?> parser) {
    try {
      parser.parse(value);
    } catch (BackendException e) {
      throw new IllegalArgumentException("option %s: %s".formatted(option, e.getMessage()), e);
    }
  }

  private static IllegalArgumentException refused(String option, String value, String expected) {
    return new IllegalArgumentException(
        "option %s is \"%s\", expected %s".formatted(option, value, expected));
  }

  /** Where the model lies, as it was given; null for the default model. */
  @Nullable String model() {
    return given.get("model");
  }

  /** Where the class names lie, as it was given; null for those of the model. */
  @Nullable String labels() {
    return given.get("labels");
  }

  @Nullable Float threshold() {
    String value = given.get("threshold");
    return value == null ? null : Float.valueOf(value);
  }

  /** The classes to report; empty for all. */
  List<String> classes() {
    String value = given.get("classes");
    return value == null ? List.of() : classNames(value);
  }

  private static List<String> classNames(String value) {
    List<String> names = new ArrayList<>();
    for (String name : value.split(",", -1)) {
      if (name.isBlank()) {
        throw refused("classes", value, "class names with commas between");
      }
      names.add(name.strip());
    }
    return names;
  }

  @Nullable BackendKind backend() {
    String value = given.get("backend");
    return value == null ? null : BackendKind.of(value);
  }

  @Nullable Precision precision() {
    String value = given.get("precision");
    return value == null ? null : Precision.of(value);
  }

  @Nullable Integer threads() {
    String value = given.get("threads");
    return value == null ? null : Integer.valueOf(value);
  }

  @Nullable Integer sessions() {
    String value = given.get("sessions");
    return value == null ? null : Integer.valueOf(value);
  }

  @Nullable Long maxPixels() {
    String value = given.get("maxPixels");
    return value == null ? null : Long.valueOf(value);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof DetectorOptions options && given.equals(options.given);
  }

  @Override
  public int hashCode() {
    return given.hashCode();
  }

  /** As in {@code {model=detr.zip, threshold=0.7}}. */
  @Override
  public String toString() {
    return given.toString();
  }
}
