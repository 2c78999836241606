package dev.detr4j.train.match;

import dev.detr4j.train.TrainingException;

/** Predictions, a loss or gradients hold NaN or infinity. */
public final class NotFiniteException extends TrainingException {
  private static final long serialVersionUID = 1L;

  private final String layer;
  private final int image;

  /**
   * Names the place.
   *
   * @param layer as messages name it
   * @param image the index in the batch, or -1 where it is not known
   */
  public NotFiniteException(String layer, int image, String what) {
    super(layer + (image < 0 ? "" : ", image " + image + " of the batch") + ": " + what);
    this.layer = layer;
    this.image = image;
  }

  /** The layer, as messages name it. */
  public String layer() {
    return layer;
  }

  /** The index in the batch, or -1 where it is not known. */
  public int image() {
    return image;
  }
}
