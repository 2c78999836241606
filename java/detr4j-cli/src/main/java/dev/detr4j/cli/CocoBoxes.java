package dev.detr4j.cli;

import dev.detr4j.Detections;
import dev.detr4j.evaluation.Box;

/** Detections as COCO writes them. Stateless. */
final class CocoBoxes {
  private CocoBoxes() {}

  /**
   * Corner and extents. They are computed in fp32, as the original implementations do, and are then
   * the shortest decimals of these fp32 values.
   */
  static Box of(Detections found, int index) {
    float width = Math.max(0, found.xMax(index) - found.xMin(index));
    float height = Math.max(0, found.yMax(index) - found.yMin(index));
    return new Box(
        decimal(found.xMin(index)), decimal(found.yMin(index)), decimal(width), decimal(height));
  }

  /** The shortest decimal that gives back the same fp32 value. */
  static double decimal(float value) {
    return Double.parseDouble(Float.toString(value));
  }
}
