package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.lang.foreign.MemorySegment;

/**
 * A view of a network's input that the caller has resized and normalised, without a copy. It is for
 * callers with their own pre-processing.
 *
 * <p>The caller owns the memory, which must not change while a session reads it.
 *
 * @param values fp32 in native byte order, {@code [height, width, 3]}, rows from the top, heap or
 *     native
 * @param width pixels in a row, at least 1
 * @param height rows, at least 1
 * @param imageWidth width of the image whose pixels are the unit of the boxes, at least 1
 * @param imageHeight height of that image, at least 1
 */
public record PixelValues(
    MemorySegment values, int width, int height, int imageWidth, int imageHeight) {
  /** Checks the extents; throws {@link ImageException} when they do not fit the memory. */
  public PixelValues {
    if (width < 1 || height < 1 || imageWidth < 1 || imageHeight < 1) {
      throw new ImageException(
          "input of %dx%d pixels for an image of %dx%d: all sides must be at least 1"
              .formatted(width, height, imageWidth, imageHeight));
    }
    if (values.byteSize() / 12 < (long) width * height) {
      throw new ImageException(
          "input of %dx%d pixels needs %d values of fp32, got %d"
              .formatted(width, height, 3L * width * height, values.byteSize() / 4));
    }
  }
}
