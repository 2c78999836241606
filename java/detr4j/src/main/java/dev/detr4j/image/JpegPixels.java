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
      switch (bands) {
        case 1 -> greyToRgb(row, out);
        case 3 -> {
          if (chroma) {
            lumaToRgb(row, out);
          } else {
            System.arraycopy(row, 0, out, 0, out.length);
          }
        }
        default -> inksToRgb(row, out, chroma);
      }
      MemorySegment.copy(out, 0, rgb, ValueLayout.JAVA_BYTE, (long) y * out.length, out.length);
    }
  }

  // A method for each kind of row: the loops stay small.

  private static void greyToRgb(byte[] row, byte[] out) {
    for (int x = 0; x < row.length; x++) {
      out[3 * x] = row[x];
      out[3 * x + 1] = row[x];
      out[3 * x + 2] = row[x];
    }
  }

  private static void lumaToRgb(byte[] row, byte[] out) {
    for (int i = 0; i < out.length; i += 3) {
      int luma = row[i] & 0xff;
      int cb = (row[i + 1] & 0xff) - 128;
      int cr = (row[i + 2] & 0xff) - 128;
      out[i] = (byte) red(luma, cr);
      out[i + 1] = (byte) green(luma, cb, cr);
      out[i + 2] = (byte) blue(luma, cb);
    }
  }

  /** Adobe's files hold inverted ink, and YCCK its complement again once it is turned to RGB. */
  private static void inksToRgb(byte[] row, byte[] out, boolean chroma) {
    for (int x = 0; x < row.length / 4; x++) {
      int red = row[4 * x] & 0xff;
      int green = row[4 * x + 1] & 0xff;
      int blue = row[4 * x + 2] & 0xff;
      if (chroma) {
        int luma = red;
        int cb = green - 128;
        int cr = blue - 128;
        red = 255 - red(luma, cr);
        green = 255 - green(luma, cb, cr);
        blue = 255 - blue(luma, cb);
      }
      int light = row[4 * x + 3] & 0xff;
      out[3 * x] = (byte) inked(red, light);
      out[3 * x + 1] = (byte) inked(green, light);
      out[3 * x + 2] = (byte) inked(blue, light);
    }
  }

  private static int red(int luma, int cr) {
    return clamp(luma + ((91881 * cr + HALF) >> 16));
  }

  private static int green(int luma, int cb, int cr) {
    return clamp(luma + ((-22554 * cb - 46802 * cr + HALF) >> 16));
  }

  private static int blue(int luma, int cb) {
    return clamp(luma + ((116130 * cb + HALF) >> 16));
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
    for (int band = 0; band < bands; band++) {
      if (halved[band]) {
        for (int i = band; i < row.length; i += bands) {
          row[i] = (byte) ((3 * (row[i] & 0xff) + (neighbour[i] & 0xff) + bias) >> 2);
        }
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
    return Math.max(0, Math.min(255, value)); // Math.clamp compares longs
  }
}
