package dev.detr4j.train.data;

/**
 * An object on an image.
 *
 * @param label the class, counted from 0
 * @param x the left edge; pixels, or a fraction of the image where the image says so
 * @param y the upper edge
 * @param width extent, as the file has it: negative or beyond the picture where it is wrong
 * @param height likewise
 * @param area of the outline where the file states one, else NaN; pixels
 * @param crowd a group without single boxes: not trained, ignored in evaluation
 * @param place of the annotation, for messages
 */
public record LabelledBox(
    int label,
    double x,
    double y,
    double width,
    double height,
    double area,
    boolean crowd,
    String place) {
  /** The same in pixels of an image of this size. */
  LabelledBox scaled(int imageWidth, int imageHeight) {
    return new LabelledBox(
        label,
        x * imageWidth,
        y * imageHeight,
        width * imageWidth,
        height * imageHeight,
        area,
        crowd,
        place);
  }

  LabelledBox withLabel(int other) {
    return new LabelledBox(other, x, y, width, height, area, crowd, place);
  }

  /** What both cover, divided by what either covers. */
  public double iou(LabelledBox other) {
    double across = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
    double down = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
    if (across <= 0 || down <= 0) {
      return 0;
    }
    double shared = across * down;
    return shared / (width * height + other.width * other.height - shared);
  }
}
