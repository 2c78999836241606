package dev.detr4j.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The first directory of a TIFF structure, as EXIF data holds it: byte order, magic 42, offset of
 * the directory, entries of 12 bytes. Later directories are of thumbnails and do not count.
 */
final class ExifDirectory {
  /** There is no entry for the orientation. */
  static final int ABSENT = -1;

  /** There is one, and it is no number. */
  private static final int NO_NUMBER = 0;

  private static final int ORIENTATION = 0x0112;
  private static final String PREFIX = "Exif\0\0";

  private ExifDirectory() {}

  /**
   * The orientation that EXIF data notes, with any number of {@code Exif} prefixes before it;
   * {@link #ABSENT} without one, and 0 for values other than 1 to 8 and behind a damaged header.
   */
  static int orientation(byte[] exif) {
    int start = 0;
    while (ImageFormat.matches(exif, start, PREFIX)) {
      start += PREFIX.length();
    }
    if (start == exif.length) {
      return ABSENT;
    }
    // The headers that Pillow accepts, with the magic number in either order.
    boolean little =
        ImageFormat.matches(exif, start, "II*\0") || ImageFormat.matches(exif, start, "II\0*");
    boolean big =
        ImageFormat.matches(exif, start, "MM\0*")
            || ImageFormat.matches(exif, start, "MM*\0")
            || ImageFormat.matches(exif, start, "MM\0+");
    if (!(little || big) || exif.length - start < 8) {
      return NO_NUMBER;
    }
    ByteBuffer tiff =
        ByteBuffer.wrap(exif, start, exif.length - start)
            .slice()
            .order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    long directory = tiff.getInt(4) & 0xffffffffL;
    if (directory + 2 > tiff.limit()) {
      return ABSENT;
    }
    int entries = tiff.getShort((int) directory) & 0xffff;
    int found = ABSENT;
    for (int i = 0; i < entries; i++) {
      long entry = directory + 2 + 12L * i;
      if (entry + 12 > tiff.limit()) {
        break;
      }
      int at = (int) entry;
      int type = tiff.getShort(at + 2) & 0xffff;
      long bytes = (tiff.getInt(at + 4) & 0xffffffffL) * unitBytes(type);
      long value = bytes > 4 ? tiff.getInt(at + 8) & 0xffffffffL : at + 8;
      if (value + bytes > tiff.limit()) {
        break; // Pillow gives up at a value outside the data and keeps what it has
      }
      if (bytes > 0 && (tiff.getShort(at) & 0xffff) == ORIENTATION) {
        found = number(tiff, (int) value, type); // of two entries the last counts
      }
    }
    return found;
  }

  /** Bytes of one value of a TIFF type, 0 for types that are not known. */
  private static int unitBytes(int type) {
    return switch (type) {
      case 1, 2, 6, 7 -> 1;
      case 3, 8 -> 2;
      case 4, 9, 11, 13 -> 4;
      case 5, 10, 12, 16 -> 8;
      default -> 0;
    };
  }

  /** The first value where it is a number from 1 to 8, whatever its type. */
  private static int number(ByteBuffer tiff, int at, int type) {
    double value =
        switch (type) {
          case 3 -> tiff.getShort(at) & 0xffff;
          case 4, 13 -> tiff.getInt(at) & 0xffffffffL;
          case 5 -> quotient(tiff.getInt(at) & 0xffffffffL, tiff.getInt(at + 4) & 0xffffffffL);
          case 6 -> tiff.get(at);
          case 8 -> tiff.getShort(at);
          case 9 -> tiff.getInt(at);
          case 10 -> quotient(tiff.getInt(at), tiff.getInt(at + 4));
          case 11 -> tiff.getFloat(at);
          case 12 -> tiff.getDouble(at);
          case 16 -> tiff.getLong(at);
          default -> NO_NUMBER; // bytes and text
        };
    return value >= 1 && value <= 8 && value == Math.rint(value) ? (int) value : NO_NUMBER;
  }

  private static long quotient(long numerator, long denominator) {
    return denominator != 0 && numerator % denominator == 0 ? numerator / denominator : NO_NUMBER;
  }
}
