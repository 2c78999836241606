package dev.detr4j.postprocess;

/**
 * Moves the boxes of each class to a place of their own, so that suppression over all boxes works
 * within classes: {@code label * (largest coordinate + 1)} is added to all four numbers, in fp32.
 *
 * <p>This is torchvision's and birder's trick, with its flaws, which are part of the result: at
 * large offsets the coordinates lose precision, and a negative coordinate reaches into the band of
 * the class before.
 */
final class ClassBands {
  private ClassBands() {}

  /**
   * Writes the moved boxes.
   *
   * @param boxes {@code [count, 4]} corners
   * @param moved receives {@code [count, 4]}
   */
  static void move(float[] boxes, int[] labels, int count, float[] moved) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < 4 * count; i++) {
      largest = Math.max(largest, boxes[i]);
    }
    for (int i = 0; i < 4 * count; i++) {
      moved[i] = boxes[i] + labels[i >> 2] * (largest + 1f);
    }
  }
}
