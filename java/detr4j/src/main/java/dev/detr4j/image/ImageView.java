package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;

/**
 * A view of pixels in memory, without a copy: interleaved bytes, rows from the top.
 *
 * <p>The caller owns the memory, which must not change while a session reads it. The methods that
 * take no row stride expect memory of exactly {@code height * width} pixels: memory of another
 * layout, such as RGBA given as RGB, is refused.
 *
 * @param pixels at least {@code (height - 1) * rowStride + width * format.bytes()} bytes, heap or
 *     native
 * @param format the order of the bytes of a pixel
 * @param width pixels in a row, at least 1
 * @param height rows, at least 1
 * @param rowStride bytes from one row to the next, at least those of {@code width} pixels
 */
public record ImageView(
    MemorySegment pixels, PixelFormat format, int width, int height, long rowStride) {
  /** Checks the extents; throws {@link ImageException} when they do not fit the memory. */
  public ImageView {
    if (width < 1 || height < 1) {
      throw new ImageException(
          "image of " + width + "x" + height + " pixels: both sides must be at least 1");
    }
    long rowBytes = (long) format.bytes() * width;
    if (rowStride < rowBytes) {
      throw new ImageException(
          "row stride " + rowStride + " is less than " + format.bytes() + " x width = " + rowBytes);
    }
    long bytes = pixels.byteSize();
    // Divided rather than multiplied: a row stride may be any number.
    if (bytes < rowBytes || (bytes - rowBytes) / rowStride < height - 1) {
      throw new ImageException(
          "image of "
              + width
              + "x"
              + height
              + " pixels, rows "
              + rowStride
              + " bytes apart, does not fit "
              + bytes
              + " bytes of "
              + format);
    }
  }

  /** Wraps a packed RGB array of {@code 3 * width * height} bytes. */
  public static ImageView rgb(byte[] pixels, int width, int height) {
    return of(PixelFormat.RGB, pixels, width, height);
  }

  /** Wraps packed RGB memory of {@code 3 * width * height} bytes. */
  public static ImageView rgb(MemorySegment pixels, int width, int height) {
    return of(PixelFormat.RGB, pixels, width, height);
  }

  /** Wraps a packed BGR array of {@code 3 * width * height} bytes, as OpenCV has it. */
  public static ImageView bgr(byte[] pixels, int width, int height) {
    return of(PixelFormat.BGR, pixels, width, height);
  }

  /** Wraps a packed array of exactly {@code width * height} pixels. */
  public static ImageView of(PixelFormat format, byte[] pixels, int width, int height) {
    return of(format, MemorySegment.ofArray(pixels), width, height);
  }

  /** Wraps packed memory of exactly {@code width * height} pixels. */
  public static ImageView of(PixelFormat format, MemorySegment pixels, int width, int height) {
    long rowBytes = (long) format.bytes() * width;
    ImageView view = new ImageView(pixels, format, width, height, rowBytes);
    if (pixels.byteSize() != rowBytes * height) {
      throw new ImageException(
          "%d bytes are not %dx%d packed pixels of %s, which are %d; name the format that they have, or their row stride"
              .formatted(pixels.byteSize(), width, height, format, rowBytes * height));
    }
    return view;
  }

  /**
   * Shows a {@link BufferedImage} to a session. Images of the byte types {@code 3BYTE_BGR}, {@code
   * 4BYTE_ABGR} and {@code BYTE_GRAY} and of the int types {@code INT_RGB}, {@code INT_ARGB} and
   * {@code INT_BGR} are wrapped without a copy, subimages too; others are converted to sRGB. Alpha
   * is dropped without blending; grey samples are taken as they are, as Pillow does.
   */
  public static ImageView of(BufferedImage image) {
    return BufferedPixels.view(image);
  }
}
