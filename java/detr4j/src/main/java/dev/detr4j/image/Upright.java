package dev.detr4j.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Turns pixels by an EXIF orientation: where the stored first row and first column belong. */
final class Upright {
  private Upright() {}

  /**
   * Returns the image itself for orientation 1, otherwise a turned or mirrored copy in {@code
   * arena}.
   */
  static ImageView turn(ImageView stored, int orientation, Arena arena) {
    if (orientation == 1) {
      return stored;
    }
    // 2 mirror, 3 half turn, 4 flip, 5 transpose, 6 clockwise, 7 transverse, 8 counter-clockwise.
    boolean swap = orientation >= 5;
    boolean mirrorX = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    boolean mirrorY = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int width = swap ? stored.height() : stored.width();
    int height = swap ? stored.width() : stored.height();
    MemorySegment target = arena.allocate(3L * width * height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int alongX = swap ? y : x;
        int alongY = swap ? x : y;
        int fromX = mirrorX ? stored.width() - 1 - alongX : alongX;
        int fromY = mirrorY ? stored.height() - 1 - alongY : alongY;
        MemorySegment.copy(
            stored.pixels(),
            fromY * stored.rowStride() + 3L * fromX,
            target,
            3L * ((long) y * width + x),
            3);
      }
    }
    return ImageView.rgb(target, width, height);
  }
}
