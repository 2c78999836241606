package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.lang.foreign.MemorySegment;

/**
 * A view of pixels in memory, without a copy: interleaved bytes red, green, blue, rows from the
 * top.
 *
 * <p>The caller owns the memory, which must not change while a session reads it.
 *
 * @param pixels at least {@code (height - 1) * rowStride + 3 * width} bytes, heap or native
 * @param width pixels in a row, at least 1
 * @param height rows, at least 1
 * @param rowStride bytes from one row to the next, at least {@code 3 * width}
 */
public record ImageView(MemorySegment pixels, int width, int height, long rowStride) {
  /** Checks the extents; throws {@link ImageException} when they do not fit the memory. */
  public ImageView {
    if (width < 1 || height < 1) {
      throw new ImageException(
          "image of " + width + "x" + height + " pixels: both sides must be at least 1");
    }
    if (rowStride < 3L * width) {
      throw new ImageException(
          "row stride " + rowStride + " is less than 3 x width = " + 3L * width);
    }
    long bytes = pixels.byteSize();
    // Divided rather than multiplied: a row stride may be any number.
    if (bytes < 3L * width || (bytes - 3L * width) / rowStride < height - 1) {
      throw new ImageException(
          "image of "
              + width
              + "x"
              + height
              + " pixels, rows "
              + rowStride
              + " bytes apart, does not fit "
              + bytes
              + " bytes of RGB");
    }
  }

  /** Wraps a packed RGB array of {@code 3 * width * height} bytes. */
  public static ImageView rgb(byte[] pixels, int width, int height) {
    return new ImageView(MemorySegment.ofArray(pixels), width, height, 3L * width);
  }

  /** Wraps packed RGB memory of {@code 3 * width * height} bytes. */
  public static ImageView rgb(MemorySegment pixels, int width, int height) {
    return new ImageView(pixels, width, height, 3L * width);
  }
}
