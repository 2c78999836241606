package dev.detr4j.train.match;

/**
 * How a project keeps the quotients of the generalised IoU finite.
 *
 * @param epsilon what {@link Kind} says of it; areas are in the unit of the boxes, 1 for the whole
 *     image
 */
public record OverlapRule(Kind kind, double epsilon) {
  /** Where the epsilon goes. */
  public enum Kind {
    /** To no place: two boxes without area give NaN (DETR, Deformable DETR, transformers). */
    NONE,
    /** It is added to both denominators (detrex). */
    ADDED,
    /** Union and hull are at least this large (mmdetection). */
    LEAST
  }

  /** Quotients as they come. */
  public static final OverlapRule PLAIN = new OverlapRule(Kind.NONE, 0);

  @Override
  public String toString() {
    return switch (kind) {
      case NONE -> "areas as they are";
      case ADDED -> "areas plus " + epsilon;
      case LEAST -> "areas of at least " + epsilon;
    };
  }
}
