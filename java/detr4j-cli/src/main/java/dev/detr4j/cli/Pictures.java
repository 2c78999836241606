package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Decoded pixels as pictures of Java2D. Stateless. */
final class Pictures {
  private Pictures() {}

  /** A copy of the whole image. */
  static BufferedImage of(ImageView image) {
    return of(image, 0, 0, image.width(), image.height());
  }

  /**
   * A copy of a part that lies within the image.
   *
   * @throws ImageException when the heap has no room for it
   */
  static BufferedImage of(ImageView image, int left, int top, int width, int height) {
    BufferedImage picture = empty(width, height);
    int[] row = new int[width];
    for (int y = 0; y < height; y++) {
      long from = (top + y) * image.rowStride() + 3L * left;
      for (int x = 0; x < width; x++) {
        row[x] =
            channel(image, from + 3L * x) << 16
                | channel(image, from + 3L * x + 1) << 8
                | channel(image, from + 3L * x + 2);
      }
      picture.setRGB(0, y, width, 1, row, 0, width);
    }
    return picture;
  }

  /**
   * Encodes and writes. The whole file is made in memory first: ImageIO would put it into the
   * system's folder of temporary files, and when the disk is full, it would try again as the JVM
   * ends, with a stack trace.
   *
   * @param format {@code png} or {@code jpg}
   */
  static void write(BufferedImage picture, String format, OutputStream out) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream encoded = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(picture, format, encoded)) {
        throw new IOException("this Java cannot write " + format);
      }
    }
    bytes.writeTo(out);
  }

  private static BufferedImage empty(int width, int height) {
    try {
      return new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    } catch (OutOfMemoryError e) {
      throw new ImageException(
          "drawing or cutting a picture of %d x %d pixels needs %d MB of heap, more than the JVM has; raise -Xmx"
              .formatted(width, height, (4L * width * height) >> 20),
          e);
    }
  }

  private static int channel(ImageView image, long offset) {
    return Byte.toUnsignedInt(image.pixels().get(ValueLayout.JAVA_BYTE, offset));
  }
}
