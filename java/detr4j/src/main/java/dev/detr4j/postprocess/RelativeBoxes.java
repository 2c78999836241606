package dev.detr4j.postprocess;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The network's boxes on their way to pixels. */
public final class RelativeBoxes {
  private RelativeBoxes() {}

  /**
   * Passes on one box of {@code [rows, 4]}, converted as {@link Postprocessing#select} says, unless
   * {@code edges} drops it; returns whether it did.
   */
  public static boolean emit(
      MemorySegment boxes,
      long row,
      int query,
      int label,
      float score,
      float width,
      float height,
      SelectionRule.Edges edges,
      DetectionSink sink) {
    long at = 16 * row;
    float centreX = boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
    float centreY = boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 4);
    float halfWidth = 0.5f * boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 8);
    float halfHeight = 0.5f * boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 12);
    float xMin = (centreX - halfWidth) * width;
    float yMin = (centreY - halfHeight) * height;
    float xMax = (centreX + halfWidth) * width;
    float yMax = (centreY + halfHeight) * height;
    if (edges != SelectionRule.Edges.KEPT) {
      xMin = clip(xMin, width);
      yMin = clip(yMin, height);
      xMax = clip(xMax, width);
      yMax = clip(yMax, height);
    }
    if (edges == SelectionRule.Edges.CLIPPED_AND_EMPTY_DROPPED
        && !(xMax - xMin > 0 && yMax - yMin > 0)) {
      return false;
    }
    sink.accept(query, label, score, xMin, yMin, xMax, yMax);
    return true;
  }

  /** NaN stays NaN. */
  private static float clip(float value, float limit) {
    return Math.max(0f, Math.min(value, limit));
  }
}
