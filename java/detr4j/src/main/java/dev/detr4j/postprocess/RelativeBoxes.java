package dev.detr4j.postprocess;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The network's boxes on their way to pixels. */
final class RelativeBoxes {
  private RelativeBoxes() {}

  /** Passes on one box of {@code [rows, 4]}, converted as {@link Postprocessing#select} says. */
  static void emit(
      MemorySegment boxes,
      long row,
      int query,
      int label,
      float score,
      float width,
      float height,
      DetectionSink sink) {
    long at = 16 * row;
    float centreX = boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
    float centreY = boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 4);
    float halfWidth = 0.5f * boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 8);
    float halfHeight = 0.5f * boxes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 12);
    sink.accept(
        query,
        label,
        score,
        (centreX - halfWidth) * width,
        (centreY - halfHeight) * height,
        (centreX + halfWidth) * width,
        (centreY + halfHeight) * height);
  }
}
