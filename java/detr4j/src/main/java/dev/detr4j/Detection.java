package dev.detr4j;

import java.util.List;
import java.util.Locale;

/**
 * One object in an image.
 *
 * @param label the class name; {@code LABEL_<id>} when the checkpoint names fewer classes
 * @param labelId the class index of the model
 * @param score the confidence in 0..1
 * @param box where it is
 */
public record Detection(String label, int labelId, float score, Box box) {
  /** As in {@code qr_code 0.952 at (80.3, 290.4) to (148.9, 355.0)}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s %.3f at %s", label, score, box);
  }

  /**
   * This detection as a JSON object, with the member names of {@code ./detr4j detect --format
   * json}: {@code {"label":…,"label_id":…,"score":…,"box":{"x_min":…,"y_min":…,"x_max":…,
   * "y_max":…}}}.
   */
  public String toJson() {
    return DetectionJson.of(this);
  }

  /** Detections as a JSON array of such objects. */
  public static String toJson(List<Detection> detections) {
    return DetectionJson.of(detections);
  }
}
