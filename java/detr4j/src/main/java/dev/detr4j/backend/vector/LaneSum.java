package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;

/**
 * The sum of the lanes of a vector, always added in the same order.
 *
 * <p>Not {@code reduceLanes(ADD)}, which adds in one order while it is interpreted and in another
 * once C2 has compiled it: the first calls of a detector would differ from later ones in the last
 * bit.
 */
final class LaneSum {
  private LaneSum() {}

  /**
   * Adds halves to halves until one number is left.
   *
   * <pre>
   *   a b c d e f g h  ->  a+e b+f c+g d+h  ->  (a+e)+(c+g) (b+f)+(d+h)  ->  the sum
   * </pre>
   *
   * @param lanes address of one vector, which is overwritten
   */
  static float of(long lanes) {
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (long at = lanes; at < lanes + 4L * half; at += 4) {
        Memory.setFloat(at, Memory.getFloat(at) + Memory.getFloat(at + 4L * half));
      }
    }
    return Memory.getFloat(lanes);
  }
}
