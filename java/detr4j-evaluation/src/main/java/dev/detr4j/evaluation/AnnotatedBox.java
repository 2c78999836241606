package dev.detr4j.evaluation;

/**
 * An object that is on an image.
 *
 * @param area of the object's outline, which decides what counts as small, medium and large; COCO's
 *     is that of the segmentation, not of the box; an object of negative area is in no range
 * @param crowd a group without single boxes: finding it costs nothing and gains nothing
 */
public record AnnotatedBox(
    CocoId id, CocoId imageId, CocoId categoryId, Box box, double area, boolean crowd) {
  /** Checks; throws {@link EvaluationException} for an area that is NaN or infinite. */
  public AnnotatedBox {
    if (!Double.isFinite(area)) {
      throw new EvaluationException("area is " + area + ", expected a finite number");
    }
  }

  /** An object with the ids that COCO has. */
  public AnnotatedBox(long id, long imageId, long categoryId, Box box, double area, boolean crowd) {
    this(CocoId.of(id), CocoId.of(imageId), CocoId.of(categoryId), box, area, crowd);
  }
}
