package dev.detr4j.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Rows of an image as packed RGB, a few at a time, in memory that is used again. Not thread-safe;
 * allocates only when an image is wider than those before.
 *
 * <p>The rows go through arrays: a loop that meets native and heap segments alike is several times
 * slower than a copy and a loop over arrays.
 */
public final class RgbRows {
  /** Both arrays together stay within the second-level cache. */
  private static final int CHUNK_BYTES = 1 << 16;

  private byte[] stored = {};
  private byte[] rgb = {};
  private MemorySegment view = MemorySegment.ofArray(rgb);

  /** Without memory. */
  public RgbRows() {}

  /** How many rows of an image are converted at once. */
  public static int rowsAtOnce(ImageView image) {
    return Math.clamp(CHUNK_BYTES / (4L * image.width()), 1, image.height());
  }

  /**
   * Converts rows of an image.
   *
   * @param first the first of them
   * @param count at most {@link #rowsAtOnce}, and within the image
   * @return {@code 3 * width * count} bytes, until the next call; may be longer
   */
  public MemorySegment of(ImageView image, int first, int count) {
    int rowBytes = image.format().bytes() * image.width();
    int pixels = image.width() * count;
    if (stored.length < rowBytes * count) {
      stored = new byte[rowBytes * count];
    }
    if (rgb.length < 3 * pixels) {
      rgb = new byte[3 * pixels];
      view = MemorySegment.ofArray(rgb);
    }
    for (int row = 0; row < count; row++) {
      MemorySegment.copy(
          image.pixels(),
          ValueLayout.JAVA_BYTE,
          (first + row) * image.rowStride(),
          stored,
          row * rowBytes,
          rowBytes);
    }
    image.format().toRgb(stored, rgb, pixels);
    return view;
  }
}
