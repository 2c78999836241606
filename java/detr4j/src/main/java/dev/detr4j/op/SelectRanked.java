package dev.detr4j.op;

/**
 * The {@code k} largest of all logits of an image, best first, with their sigmoid as score: as
 * Deformable DETR selects. An object query may come several times, with different labels.
 *
 * <p>Logits rank as in {@link TopK}; a NaN costs one of the {@code k} entries. Entry {@code i} of
 * the order has the label {@code firstLabel + index mod C} and the query {@code index / C}.
 *
 * @param k entries of an image, at most Q C
 * @param firstLabel the label of logit 0
 * @param edges what becomes of corners that leave the image
 */
public record SelectRanked(int k, int firstLabel, Edges edges) implements SelectionOp {
  /** What becomes of corners that leave the image. */
  public enum Edges {
    /** They stay as they are. */
    KEPT,
    /** Coordinates are limited to 0 and the extent; NaN stays NaN. */
    CLIPPED,
    /** Coordinates are limited, and without a width or height then it is no detection. */
    CLIPPED_AND_EMPTY_DROPPED
  }

  /** Checks the numbers. */
  public SelectRanked {
    OpSpec.require(k >= 1 && firstLabel >= 0, "k is at least 1, the first label 0", k);
  }

  @Override
  public int entries(int queries, int logits) {
    OpSpec.require((long) queries * logits >= k, "there are " + k + " logits", queries * logits);
    return k;
  }
}
