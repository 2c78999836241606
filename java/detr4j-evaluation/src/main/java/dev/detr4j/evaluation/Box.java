package dev.detr4j.evaluation;

/**
 * A rectangle in pixels, as COCO writes it: the upper left corner, then the extents.
 *
 * @param x the left edge
 * @param y the upper edge
 * @param width of a real box at least 0; nothing overlaps a box of negative width, as in COCO's own
 *     tools
 * @param height likewise
 */
public record Box(double x, double y, double width, double height) {
  /** Far beyond every image, and small enough for products to stay finite. */
  private static final double LARGEST = 1e9;

  /**
   * Checks; throws {@link EvaluationException} for NaN, infinity and what is far beyond any image.
   */
  public Box {
    if (!(Math.abs(x) <= LARGEST
        && Math.abs(y) <= LARGEST
        && Math.abs(width) <= LARGEST
        && Math.abs(height) <= LARGEST)) {
      throw new EvaluationException(
          "bbox is [%s, %s, %s, %s], expected numbers of pixels".formatted(x, y, width, height));
    }
  }

  /** Width times height, which is negative where one of them is. */
  public double area() {
    return width * height;
  }

  /** The area that both cover, divided by the area that either covers; 0 for boxes apart. */
  public double iou(Box other) {
    double common = intersection(other);
    return common == 0 ? 0 : common / (area() + other.area() - common);
  }

  /** The part of this box that lies in another: COCO's measure for a crowd. */
  public double within(Box crowd) {
    double common = intersection(crowd);
    return common == 0 ? 0 : common / area();
  }

  private double intersection(Box other) {
    double common = Math.min(width + x, other.width + other.x) - Math.max(x, other.x);
    if (common <= 0) {
      return 0;
    }
    double high = Math.min(height + y, other.height + other.y) - Math.max(y, other.y);
    return high <= 0 ? 0 : common * high;
  }
}
