package dev.detr4j;

import java.util.Locale;

/**
 * A rectangle in pixels of the image that was passed in; x grows to the right, y downwards.
 *
 * @param xMin the left edge
 * @param yMin the upper edge
 * @param xMax the right edge
 * @param yMax the lower edge
 */
public record Box(float xMin, float yMin, float xMax, float yMax) {
  /** From the left to the right edge. */
  public float width() {
    return xMax - xMin;
  }

  /** From the upper to the lower edge. */
  public float height() {
    return yMax - yMin;
  }

  /** As in {@code (80.3, 290.4) to (148.9, 355.0)}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "(%.1f, %.1f) to (%.1f, %.1f)", xMin, yMin, xMax, yMax);
  }
}
