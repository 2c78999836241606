package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.awt.image.Raster;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * From the stored components of a JPEG to RGB, with the fixed-point formula of libjpeg and with
 * Pillow's reading of CMYK (inverted, as Adobe writes it). Embedded colour profiles are not
 * applied, as Pillow does not apply them either.
 */
final class JpegPixels {
  private static final int HALF = 1 << 15;

  private JpegPixels() {}

  static void toRgb(Raster raster, JpegHeader header, MemorySegment rgb, String name) {
    int bands = raster.getNumBands();
    if (bands != header.components()) {
      throw new ImageException(
          name
              + ": JPEG decoded to "
              + bands
              + " colour components, its header says "
              + header.components());
    }
    boolean chroma = header.lumaAndChroma();
    boolean[] halved = new boolean[bands];
    boolean anyHalved = false;
    for (int band = 0; band < bands; band++) {
      halved[band] = header.halvedVertically(band);
      anyHalved |= halved[band];
    }
    int width = raster.getWidth();
    byte[] row = new byte[width * bands];
    byte[] neighbour = anyHalved ? new byte[width * bands] : row;
    byte[] out = new byte[3 * width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getDataElements(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      if (anyHalved) {
        interpolate(raster, y, halved, row, neighbour);
      }
      for (int x = 0; x < width; x++) {
        int first = row[x * bands] & 0xff;
        int second = bands == 1 ? first : row[x * bands + 1] & 0xff;
        int third = bands == 1 ? first : row[x * bands + 2] & 0xff;
        int red = first;
        int green = second;
        int blue = third;
        if (chroma) {
          int cb = second - 128;
          int cr = third - 128;
          red = clamp(first + ((91881 * cr + HALF) >> 16));
          green = clamp(first + ((-22554 * cb - 46802 * cr + HALF) >> 16));
          blue = clamp(first + ((116130 * cb + HALF) >> 16));
        }
        if (bands == 4) {
          // Adobe's files hold inverted ink, and YCCK its complement again once it is turned to
          // RGB.
          int light = row[x * bands + 3] & 0xff;
          red = inked(chroma ? 255 - red : red, light);
          green = inked(chroma ? 255 - green : green, light);
          blue = inked(chroma ? 255 - blue : blue, light);
        }
        out[3 * x] = (byte) red;
        out[3 * x + 1] = (byte) green;
        out[3 * x + 2] = (byte) blue;
      }
      MemorySegment.copy(out, 0, rgb, ValueLayout.JAVA_BYTE, (long) y * out.length, out.length);
    }
  }

  /**
   * Moves the repeated rows of a component with half the rows a quarter towards the next stored
   * row: the triangle filter of libjpeg-turbo, with its rounding and its edges.
   */
  private static void interpolate(
      Raster raster, int y, boolean[] halved, byte[] row, byte[] neighbour) {
    boolean upper = y % 2 == 0;
    int other = upper ? Math.max(y - 2, 0) : Math.min(y + 1, raster.getHeight() - 1);
    raster.getDataElements(
        raster.getMinX(), raster.getMinY() + other, raster.getWidth(), 1, neighbour);
    int bands = halved.length;
    int bias = upper ? 1 : 2;
    for (int i = 0; i < row.length; i++) {
      if (halved[i % bands]) {
        row[i] = (byte) ((3 * (row[i] & 0xff) + (neighbour[i] & 0xff) + bias) >> 2);
      }
    }
  }

  /**
   * Pillow's CMYK to RGB for one ink: {@code light} is 255 minus black, {@code channel} 255 minus
   * the ink.
   */
  private static int inked(int channel, int light) {
    int product = (255 - channel) * light + 128;
    return clamp(light - ((product + (product >> 8)) >> 8));
  }

  private static int clamp(int value) {
    return Math.clamp(value, 0, 255);
  }
}
