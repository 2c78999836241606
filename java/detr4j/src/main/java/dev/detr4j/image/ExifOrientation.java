package dev.detr4j.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Finds the EXIF orientation (1 to 8, tag 0x0112) in the bytes of a JPEG, PNG or WebP file. Every
 * offset is checked; what is missing or damaged counts as 1, upright, because the note is a hint
 * and not part of the picture.
 */
final class ExifOrientation {
  private static final int UPRIGHT = 1;

  private ExifOrientation() {}

  static int of(byte[] file) {
    if (JpegHeader.isJpeg(file)) {
      return JpegHeader.read(file)
          .map(header -> ofTiff(file, header.exifStart(), header.exifEnd()))
          .orElse(UPRIGHT);
    }
    if (matches(file, 0, "\u0089PNG\r\n\u001a\n")) {
      return ofPng(file);
    }
    return matches(file, 0, "RIFF") && matches(file, 8, "WEBP") ? ofWebp(file) : UPRIGHT;
  }

  /** Chunks of PNG: length (big endian), type, data, checksum. */
  private static int ofPng(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file);
    for (long at = 8; at + 12 <= file.length; ) {
      long length = bytes.getInt((int) at) & 0xffffffffL;
      if (at + 12 + length > file.length) {
        return UPRIGHT;
      }
      if (matches(file, (int) at + 4, "eXIf")) {
        return ofTiff(file, (int) at + 8, (int) (at + 8 + length));
      }
      at += 12 + length;
    }
    return UPRIGHT;
  }

  /** Chunks of RIFF: type, length (little endian), data, padded to an even length. */
  private static int ofWebp(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = 12; at + 8 <= file.length; ) {
      long length = bytes.getInt((int) at + 4) & 0xffffffffL;
      if (at + 8 + length > file.length) {
        return UPRIGHT;
      }
      if (matches(file, (int) at, "EXIF")) {
        int start = (int) at + 8;
        return ofTiff(
            file, matches(file, start, "Exif\0\0") ? start + 6 : start, (int) (at + 8 + length));
      }
      at += 8 + length + (length & 1);
    }
    return UPRIGHT;
  }

  /**
   * The TIFF structure inside EXIF data: byte order, magic 42, offset of the first directory,
   * 12-byte entries.
   */
  private static int ofTiff(byte[] file, int start, int end) {
    if (end - start < 14 || start < 0 || end > file.length) {
      return UPRIGHT;
    }
    boolean little = matches(file, start, "II*\0");
    if (!little && !matches(file, start, "MM\0*")) {
      return UPRIGHT;
    }
    ByteBuffer tiff =
        ByteBuffer.wrap(file, start, end - start)
            .slice()
            .order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    long directory = tiff.getInt(4) & 0xffffffffL;
    if (directory + 2 > tiff.limit()) {
      return UPRIGHT;
    }
    int entries = tiff.getShort((int) directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      long entry = directory + 2 + 12L * i;
      if (entry + 12 > tiff.limit()) {
        return UPRIGHT;
      }
      int at = (int) entry;
      if (tiff.getShort(at) == 0x0112) {
        int value = tiff.getShort(at + 2) == 3 ? tiff.getShort(at + 8) & 0xffff : UPRIGHT;
        return value >= 1 && value <= 8 ? value : UPRIGHT;
      }
    }
    return UPRIGHT;
  }

  /** Whether the bytes at an offset are those of a Latin-1 text. */
  static boolean matches(byte[] file, int offset, String text) {
    byte[] expected = text.getBytes(StandardCharsets.ISO_8859_1);
    if (offset < 0 || file.length - offset < expected.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if (file[offset + i] != expected[i]) {
        return false;
      }
    }
    return true;
  }
}
