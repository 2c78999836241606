package dev.detr4j.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The first frame of a GIF on its screen, as Pillow shows it: the screen grows to hold the frame,
 * and around it is the transparent colour, or else colour 0. Without a colour table indices are
 * grey values.
 *
 * <p>ImageIO's reader invents colours for files without a table, and refuses code sizes above 8
 * bits.
 */
final class GifReader {
  private static final int IMAGE = ',';
  private static final int EXTENSION = '!';
  private static final int TRAILER = ';';
  private static final int GRAPHIC_CONTROL = 0xf9;
  private static final int TABLE_FLAG = 0x80;
  private static final int INTERLACED_FLAG = 0x40;

  /** The four passes of an interlaced frame. */
  private static final int[] FIRST_ROW = {0, 4, 2, 1};

  private static final int[] ROW_STEP = {8, 8, 4, 2};

  private final EncodedImage image;
  private final byte[] file;
  private int at;

  private GifReader(EncodedImage image) {
    this.image = image;
    this.file = image.bytes();
  }

  static ImageView read(EncodedImage image) {
    return new GifReader(image).read();
  }

  private ImageView read() {
    need(13);
    int screenWidth = unsignedShort(6);
    int screenHeight = unsignedShort(8);
    int flags = file[10] & 0xff;
    at = 13;
    int[] colors = greys();
    if ((flags & TABLE_FLAG) != 0) {
      colors = colorTable(flags);
    }
    int transparent = -1;
    while (true) {
      need(1);
      int block = file[at++] & 0xff;
      if (block == TRAILER) {
        throw image.damaged("GIF", "there is no image in it");
      } else if (block == EXTENSION) {
        need(2);
        int label = file[at++] & 0xff;
        int length = file[at] & 0xff;
        need(1 + length);
        if (label == GRAPHIC_CONTROL && length >= 4 && (file[at + 1] & 1) != 0) {
          transparent = file[at + 4] & 0xff;
        }
        skipBlocks();
      } else if (block == IMAGE) {
        break;
      }
    }
    need(10);
    int left = unsignedShort(at);
    int top = unsignedShort(at + 2);
    PixelSize frame = new PixelSize(unsignedShort(at + 4), unsignedShort(at + 6));
    flags = file[at + 8] & 0xff;
    at += 9;
    if ((flags & TABLE_FLAG) != 0) {
      colors = colorTable(flags);
    }
    image.checkSize(frame);
    PixelSize screen =
        new PixelSize(
            Math.max(screenWidth, left + frame.width()),
            Math.max(screenHeight, top + frame.height()));
    MemorySegment rgb = image.allocate(screen);
    if (!screen.equals(frame)) {
      DecodedPixels.fill(rgb, colors[Math.max(transparent, 0)]);
    }
    need(1);
    GifCodes codes = new GifCodes(image, at);
    byte[] row = new byte[frame.width()];
    byte[] out = new byte[3 * frame.width()];
    boolean interlaced = (flags & INTERLACED_FLAG) != 0;
    for (int pass = interlaced ? 0 : FIRST_ROW.length - 1; pass < FIRST_ROW.length; pass++) {
      int first = interlaced ? FIRST_ROW[pass] : 0;
      int step = interlaced ? ROW_STEP[pass] : 1;
      for (int y = first; y < frame.height(); y += step) {
        codes.read(row);
        for (int x = 0; x < row.length; x++) {
          int color = colors[row[x] & 0xff];
          out[3 * x] = (byte) (color >> 16);
          out[3 * x + 1] = (byte) (color >> 8);
          out[3 * x + 2] = (byte) color;
        }
        long to = 3L * ((long) (top + y) * screen.width() + left);
        MemorySegment.copy(out, 0, rgb, ValueLayout.JAVA_BYTE, to, out.length);
      }
    }
    return ImageView.rgb(rgb, screen.width(), screen.height());
  }

  private static int[] greys() {
    int[] colors = new int[256];
    Arrays.setAll(colors, i -> 0x010101 * i);
    return colors;
  }

  /**
   * Reads a colour table of 2 to 256 entries; indices beyond it are black. A table in which each
   * colour is its own index is taken for none, as Pillow takes it.
   */
  private int[] colorTable(int flags) {
    int entries = 2 << (flags & 7);
    need(3 * entries);
    int[] colors = new int[256];
    boolean greys = true;
    for (int i = 0; i < entries; i++, at += 3) {
      colors[i] = (file[at] & 0xff) << 16 | (file[at + 1] & 0xff) << 8 | (file[at + 2] & 0xff);
      greys &= colors[i] == 0x010101 * i;
    }
    return greys ? greys() : colors;
  }

  private void skipBlocks() {
    int length;
    do {
      need(1);
      length = file[at] & 0xff;
      at += 1 + length;
    } while (length != 0);
  }

  private int unsignedShort(int offset) {
    return (file[offset] & 0xff) | (file[offset + 1] & 0xff) << 8;
  }

  private void need(int bytes) {
    if (at + bytes > file.length) {
      throw image.damaged("GIF", "it ends before its image");
    }
  }
}
