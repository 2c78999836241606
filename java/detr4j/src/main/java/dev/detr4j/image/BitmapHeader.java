package dev.detr4j.image;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalInt;

/**
 * The headers of a Windows or OS/2 bitmap, with or without the file header, and the same bitmap
 * with the one header that ImageIO's reader is sure to know.
 *
 * <p>Read: headers of 12, 40, 52, 56, 64, 108 and 124 bytes; 1, 4, 8, 16, 24 and 32 bits per pixel,
 * RLE4, RLE8 and colour masks; either order of rows. Alpha is ignored and colour profiles too.
 */
final class BitmapHeader {
  private static final int RAW = 0;
  private static final int RLE8 = 1;
  private static final int RLE4 = 2;
  private static final int MASKS = 3;
  private static final int JPEG = 4;
  private static final int PNG = 5;
  private static final int MASKS_AND_ALPHA = 6;

  private static final int FILE_HEADER = 14;
  private static final int INFO_HEADER = 40;
  private static final int OS2_HEADER = 64;

  private final EncodedImage image;
  private final ByteBuffer file;

  private int width;
  private int height;
  private boolean topDown;
  private int bits;
  private int compression;

  /** Red, green, blue; all 0 where the usual ones hold. */
  private final int[] masks = new int[3];

  /** Where the palette begins, bytes of an entry, and how many entries there are. */
  private int palette;

  private int entryBytes;
  private int colors;
  private int pixels;

  private BitmapHeader(EncodedImage image) {
    this.image = image;
    this.file = ByteBuffer.wrap(image.bytes()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads the headers.
   *
   * @param bare whether the file header is missing
   * @throws dev.detr4j.error.ImageException when they are damaged or of a kind that is not
   *     supported
   */
  static BitmapHeader read(EncodedImage image, boolean bare) {
    BitmapHeader header = new BitmapHeader(image);
    int start = bare ? 0 : FILE_HEADER;
    if (image.bytes().length < start + 12) {
      throw image.damaged("BMP", "it ends inside its header");
    }
    header.readInfo(start);
    header.checkKind();
    header.locatePixels(start, bare ? OptionalInt.empty() : OptionalInt.of(header.file.getInt(10)));
    return header;
  }

  private void readInfo(int start) {
    int size = file.getInt(start);
    boolean known =
        size == 12
            || size == 40
            || size == 52
            || size == 56
            || size == 64
            || size == 108
            || size == 124;
    if (size < 12 || size > 124) {
      throw image.damaged("BMP", "its header says that it has " + (size & 0xffffffffL) + " bytes");
    }
    if (!known) {
      throw image.notSupported("BMP with a header of " + size + " bytes");
    }
    if (start + size > file.limit()) {
      throw image.damaged("BMP", "it ends inside its header");
    }
    if (size == 12) {
      width = file.getShort(start + 4) & 0xffff;
      height = file.getShort(start + 6) & 0xffff;
      bits = file.getShort(start + 10) & 0xffff;
      entryBytes = 3;
      palette = start + size;
      return;
    }
    width = file.getInt(start + 4);
    height = file.getInt(start + 8);
    topDown = height < 0;
    // The smallest int has no counterpart; it stays negative and is refused with the size.
    height = Math.abs(height);
    bits = file.getShort(start + 14) & 0xffff;
    compression = file.getInt(start + 16);
    colors = file.getInt(start + 32);
    entryBytes = 4;
    palette = start + size;
    if (size == OS2_HEADER && compression > RLE4) {
      throw image.notSupported("OS/2 bitmap with Huffman or 24-bit run-length coding");
    }
    if (compression == MASKS || compression == MASKS_AND_ALPHA) {
      int at = start + INFO_HEADER; // in longer headers a part of them, else what follows
      int bytes = compression == MASKS ? 12 : 16;
      compression = MASKS;
      if (at + bytes > file.limit()) {
        throw image.damaged("BMP", "it ends inside its header");
      }
      for (int i = 0; i < 3; i++) {
        masks[i] = file.getInt(at + 4 * i);
      }
      palette = Math.max(palette, at + bytes);
    }
  }

  private void checkKind() {
    if (width < 1 || height < 1) {
      throw image.damaged(
          "BMP", "its size is " + width + "x" + height + ", both sides must be at least 1");
    }
    image.checkSize(new PixelSize(width, height));
    if (compression == JPEG || compression == PNG) {
      throw image.notSupported("BMP that holds a JPEG or PNG image");
    }
    boolean whole = bits == 16 || bits == 24 || bits == 32;
    if (bits == 2 || compression < RAW || compression > MASKS) {
      throw image.notSupported(
          "BMP with %d bits per pixel and compression %d".formatted(bits, compression));
    }
    boolean sound =
        switch (compression) {
          case RLE8 -> bits == 8;
          case RLE4 -> bits == 4;
          case MASKS -> whole;
          default -> whole || bits == 1 || bits == 4 || bits == 8;
        };
    if (!sound) {
      throw image.damaged(
          "BMP", "it has %d bits per pixel and compression %d".formatted(bits, compression));
    }
    if (compression == MASKS && (masks[0] | masks[1] | masks[2]) == 0) {
      compression = RAW;
    }
    if (compression == MASKS && bits == 24) {
      if (masks[0] != 0xff0000 || masks[1] != 0xff00 || masks[2] != 0xff) {
        throw image.notSupported("BMP with 24 bits per pixel and unusual colour masks");
      }
      compression = RAW;
    }
  }

  private void locatePixels(int start, OptionalInt offset) {
    if (bits <= 8) {
      long said = colors & 0xffffffffL;
      colors = said == 0 ? 1 << bits : (int) Math.min(said, 1 << 16);
    } else {
      colors = 0;
    }
    long afterPalette = palette + (long) colors * entryBytes;
    long named = offset.orElse(0) & 0xffffffffL;
    long at = named == 0 ? afterPalette : named;
    if (bits <= 8 && at == start + (long) file.getInt(start)) {
      at = afterPalette; // some writers forget the palette
    }
    if (at < start || at >= file.limit()) {
      throw image.damaged("BMP", "its pixels begin at byte " + at + " of " + file.limit());
    }
    pixels = (int) at;
    long rowBytes = ((long) width * bits + 7) / 8;
    long stride = ((long) width * bits + 31) / 32 * 4;
    boolean whole =
        isRunLength()
            ? RunLengths.whole(
                image.bytes(), pixels, new PixelSize(width, height), compression == RLE4)
            : pixels + (height - 1) * stride + rowBytes <= file.limit();
    if (!whole) {
      throw image.damaged("BMP", "it ends inside its pixels");
    }
  }

  private boolean isRunLength() {
    return compression == RLE8 || compression == RLE4;
  }

  /** The bitmap with file header, a header of 40 bytes and, up to 8 bits, a full palette. */
  InputStream normalised() {
    int entries = bits <= 8 ? 1 << bits : 0;
    int masksBytes = compression == MASKS ? 12 : 0;
    int size = FILE_HEADER + INFO_HEADER + masksBytes + 4 * entries;
    ByteBuffer head = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    int data = file.limit() - pixels;
    // The last row may lack the bytes that pad it to a multiple of four, or its end marks.
    byte[] padding = isRunLength() ? new byte[] {0, 0, 0, 1} : new byte[3];
    head.put((byte) 'B')
        .put((byte) 'M')
        .putInt(size + data + padding.length)
        .putInt(0)
        .putInt(size);
    head.putInt(INFO_HEADER).putInt(width).putInt(topDown ? -height : height);
    head.putShort((short) 1)
        .putShort((short) bits)
        .putInt(compression)
        .putInt(data + padding.length);
    head.putInt(0).putInt(0).putInt(entries).putInt(entries);
    if (compression == MASKS) {
      head.putInt(masks[0]).putInt(masks[1]).putInt(masks[2]);
    }
    boolean ramp = isGreyRamp();
    for (int i = 0; i < entries; i++) {
      head.putInt(ramp ? 0x010101 * i : color(i));
    }
    return new SequenceInputStream(
        new ByteArrayInputStream(head.array()),
        new SequenceInputStream(
            new ByteArrayInputStream(image.bytes(), pixels, data),
            new ByteArrayInputStream(padding)));
  }

  /** Whether each colour is its own index, which Pillow takes for a grey image without palette. */
  private boolean isGreyRamp() {
    for (int i = 0; i < colors; i++) {
      if (i > 255 || color(i) != 0x010101 * i) {
        return false;
      }
    }
    return true;
  }

  /** A colour of the palette, black beyond its end. */
  private int color(int index) {
    int at = palette + index * entryBytes;
    if (index >= colors || at + 3 > file.limit()) {
      return 0;
    }
    return (file.get(at + 2) & 0xff) << 16 | (file.get(at + 1) & 0xff) << 8 | (file.get(at) & 0xff);
  }
}
