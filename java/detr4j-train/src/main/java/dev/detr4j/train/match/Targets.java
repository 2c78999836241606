package dev.detr4j.train.match;

/**
 * The objects of one image, as losses see them.
 *
 * <p>Boxes are (centre x, centre y, width, height) in 0..1 of the unpadded image. They are rounded
 * to float, as the originals round them. Whoever makes an instance does not write to the arrays
 * afterwards; nobody else may.
 *
 * @param labels the class of each object, counted from 0
 * @param boxes four numbers an object, in the order of the labels
 */
public record Targets(int[] labels, float[] boxes) {
  /** An image without objects. */
  public static final Targets NONE = new Targets(new int[0], new float[0]);

  /** Checks that every label has a box. */
  public Targets {
    if (boxes.length != 4 * labels.length) {
      throw new IllegalArgumentException(
          "%d labels have %d numbers of boxes, expected 4 each"
              .formatted(labels.length, boxes.length));
    }
  }

  /** How many objects there are. */
  public int count() {
    return labels.length;
  }
}
