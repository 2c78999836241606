package dev.detr4j.spring;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The settings of the detector; all but the model may be left out, and then have the defaults of
 * {@link DetectorBuilder}.
 *
 * @param model the path of a model folder or checkpoint
 * @param name what metrics and events call the model
 * @param labels a file of class names
 * @param backend auto, c, vector, cuda or reference
 * @param precision fp32, tf32 or bf16
 * @param threads threads that run kernels
 * @param threshold the score that detections must exceed
 * @param sessions calls that run at once
 * @param waitingCallers callers that may wait; more get a {@code DetectorBusyException}
 * @param waitingTime how long a caller waits
 * @param maxPixels the largest image, in pixels
 * @param warmUp an image size, as in 640x480, that every session is warmed up with before the
 *     application is ready
 */
@ConfigurationProperties("detr4j")
public record DetectorProperties(
    Path model,
    @Nullable String name,
    @Nullable Path labels,
    @Nullable BackendKind backend,
    @Nullable Precision precision,
    @Nullable Integer threads,
    @Nullable Float threshold,
    @Nullable Integer sessions,
    @Nullable Integer waitingCallers,
    @Nullable Duration waitingTime,
    @Nullable Long maxPixels,
    @Nullable String warmUp) {
  /** A builder with these settings. */
  DetectorBuilder builder() {
    DetectorBuilder builder = Detector.builder(model);
    if (name != null) {
      builder.name(name);
    }
    if (labels != null) {
      builder.labels(labels);
    }
    if (backend != null) {
      builder.backend(backend);
    }
    if (precision != null) {
      builder.precision(precision);
    }
    if (threads != null) {
      builder.threads(threads);
    }
    if (threshold != null) {
      builder.threshold(threshold);
    }
    if (sessions != null) {
      builder.sessions(sessions);
    }
    if (waitingCallers != null) {
      builder.waitingCallers(waitingCallers);
    }
    if (waitingTime != null) {
      builder.waitingTime(waitingTime);
    }
    if (maxPixels != null) {
      builder.maxPixels(maxPixels);
    }
    return builder;
  }

  /** Warms a detector up, if the settings say so. */
  void warmUp(Detector detector) {
    if (warmUp == null) {
      return;
    }
    if (!warmUp.matches("[1-9]\\d{0,4}x[1-9]\\d{0,4}")) {
      throw new IllegalArgumentException(
          "detr4j.warm-up is %s, expected an image size such as 640x480".formatted(warmUp));
    }
    int cross = warmUp.indexOf('x');
    detector.warmUp(
        Integer.parseInt(warmUp.substring(0, cross)),
        Integer.parseInt(warmUp.substring(cross + 1)));
  }
}
