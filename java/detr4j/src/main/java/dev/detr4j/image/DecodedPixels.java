package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * From the samples of a decoded image to packed RGB as Pillow's {@code convert("RGB")} gives it:
 * palette entries are looked up, grey is repeated, transparency is dropped without blending, colour
 * profiles are not applied.
 *
 * <p>Samples are read from the raster because {@code BufferedImage.getRGB} converts grey through a
 * linear colour space and blends nothing the same way twice. 16-bit samples keep their high byte,
 * except where the caller asks for grey to be cut off at 255, as Pillow does it.
 */
final class DecodedPixels {
  private DecodedPixels() {}

  static void toRgb(BufferedImage image, MemorySegment rgb, String name, boolean cutGrey) {
    Raster raster = image.getRaster();
    ColorModel colors = image.getColorModel();
    if (colors instanceof IndexColorModel palette) {
      fromPalette(raster, palette, rgb);
      return;
    }
    int type = colors.getColorSpace().getType();
    int bands = raster.getNumBands();
    boolean grey = type == ColorSpace.TYPE_GRAY && bands >= 1;
    if (!grey && !(type == ColorSpace.TYPE_RGB && bands >= 3)) {
      throw new ImageException(
          name + ": image with " + bands + " samples per pixel of an unknown colour space");
    }
    int[] bits = raster.getSampleModel().getSampleSize();
    int width = raster.getWidth();
    int[] row = new int[Math.multiplyExact(width, bands)];
    byte[] out = new byte[3 * width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int i = 0; i < out.length; i++) {
        int band = grey ? 0 : i % 3;
        int sample = row[i / 3 * bands + band];
        out[i] = (byte) (cutGrey && grey ? Math.min(sample, 255) : toEightBits(sample, bits[band]));
      }
      MemorySegment.copy(out, 0, rgb, ValueLayout.JAVA_BYTE, (long) y * out.length, out.length);
    }
  }

  private static void fromPalette(Raster raster, IndexColorModel palette, MemorySegment rgb) {
    int[] colors = new int[palette.getMapSize()];
    palette.getRGBs(colors);
    int width = raster.getWidth();
    int[] row = new int[width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        // An index beyond the palette is black, as in Pillow's zero-filled palettes.
        int color = row[x] < colors.length ? colors[row[x]] : 0;
        put(rgb, (long) y * width + x, color);
      }
    }
  }

  /** Fills all pixels with one colour, red in bits 16 to 23. */
  static void fill(MemorySegment rgb, int color) {
    for (long pixel = 0; pixel < rgb.byteSize() / 3; pixel++) {
      put(rgb, pixel, color);
    }
  }

  private static void put(MemorySegment rgb, long pixel, int color) {
    rgb.set(ValueLayout.JAVA_BYTE, 3 * pixel, (byte) (color >> 16));
    rgb.set(ValueLayout.JAVA_BYTE, 3 * pixel + 1, (byte) (color >> 8));
    rgb.set(ValueLayout.JAVA_BYTE, 3 * pixel + 2, (byte) color);
  }

  private static int toEightBits(int sample, int bits) {
    if (bits == 8) {
      return sample;
    }
    return bits > 8 ? sample >> (bits - 8) : sample * 255 / ((1 << bits) - 1);
  }
}
