package dev.detr4j.postprocess;

/**
 * How a project selects detections from the sigmoid scores of Deformable DETR.
 *
 * <p>detrex and mmdetection bring boxes to the resized image first and from there to the original;
 * here they go to the original at once, which differs by rounding only (below 1e-3 pixels).
 *
 * @param topK how many of all queries x classes are candidates
 * @param firstLabel the label of logit 0
 * @param edges what becomes of boxes that leave the image
 */
public record SelectionRule(int topK, int firstLabel, Edges edges) {
  /** transformers and fundamentalvision/Deformable-DETR. */
  public static final SelectionRule DEFORMABLE_DETR = new SelectionRule(100, 0, Edges.KEPT);

  /** detrex with detectron2's {@code detector_postprocess}. */
  public static final SelectionRule DETREX =
      new SelectionRule(300, 0, Edges.CLIPPED_AND_EMPTY_DROPPED);

  /** mmdetection. */
  public static final SelectionRule MMDETECTION = new SelectionRule(100, 0, Edges.CLIPPED);

  /** birder, whose label 0 is the background. */
  public static final SelectionRule BIRDER = new SelectionRule(100, 1, Edges.KEPT);

  /** What becomes of boxes that leave the image. */
  public enum Edges {
    /** They stay as they are. */
    KEPT,
    /** Coordinates are limited to the image. */
    CLIPPED,
    /** Coordinates are limited, and a box that has no width or height then is dropped. */
    CLIPPED_AND_EMPTY_DROPPED
  }

  /** Checks the ranges. */
  public SelectionRule {
    if (topK < 1 || firstLabel < 0) {
      throw new IllegalArgumentException(
          "top k is "
              + topK
              + " and the first label "
              + firstLabel
              + ", expected 1 and 0 at least");
    }
  }
}
