package dev.detr4j.evaluation;

/**
 * An object that is on an image.
 *
 * @param area of the object's outline, which decides what counts as small, medium and large; COCO's
 *     is that of the segmentation, not of the box
 * @param crowd a group without single boxes: finding it costs nothing and gains nothing
 */
public record AnnotatedBox(
    long id, long imageId, long categoryId, Box box, double area, boolean crowd) {
  /** Checks; throws {@link EvaluationException} for an area that is none. */
  public AnnotatedBox {
    if (!Double.isFinite(area) || area < 0) {
      throw new EvaluationException("area is " + area + ", expected a number of at least 0");
    }
  }
}
