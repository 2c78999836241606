package dev.detr4j.image;

import java.util.Optional;

/**
 * The segments before the first scan of a JPEG file, as far as colour and orientation need them.
 *
 * @param components number of colour components, 0 when no frame header was found
 * @param componentIds the first four component identifiers, first in the highest byte
 * @param jfif whether a JFIF segment is there
 * @param adobeTransform the colour transform of an Adobe segment, -1 without one
 * @param exifStart offset of the TIFF structure of the first EXIF segment, 0 without one
 * @param exifEnd the offset after it, 0 without one
 */
record JpegHeader(
    int components,
    int componentIds,
    boolean jfif,
    int adobeTransform,
    int exifStart,
    int exifEnd) {
  private static final int RGB_IDS = 'R' << 16 | 'G' << 8 | 'B';

  static boolean isJpeg(byte[] file) {
    return file.length >= 3
        && file[0] == (byte) 0xff
        && file[1] == (byte) 0xd8
        && file[2] == (byte) 0xff;
  }

  /** Walks the segments up to the first scan; empty when they are damaged. */
  static Optional<JpegHeader> read(byte[] file) {
    int components = 0;
    int ids = 0;
    boolean jfif = false;
    int adobe = -1;
    int exifStart = 0;
    int exifEnd = 0;
    int at = 2;
    while (at + 4 <= file.length) {
      int marker = file[at + 1] & 0xff;
      if (file[at] != (byte) 0xff) {
        return Optional.empty();
      }
      if (marker == 0xff) {
        at++;
        continue;
      }
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
        at += 2;
        continue;
      }
      if (marker == 0xd9 || marker == 0xda) {
        return Optional.of(new JpegHeader(components, ids, jfif, adobe, exifStart, exifEnd));
      }
      int length = (file[at + 2] & 0xff) << 8 | (file[at + 3] & 0xff);
      int body = at + 4;
      int end = at + 2 + length;
      if (length < 2 || end > file.length) {
        return Optional.empty();
      }
      // Frame headers are SOF0 to SOF15 without the three numbers that mean tables.
      boolean frame =
          marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
      if (frame && length >= 8) {
        components = file[body + 5] & 0xff;
        if (length < 8 + 3 * components) {
          return Optional.empty();
        }
        ids = 0;
        for (int i = 0; i < Math.min(components, 4); i++) {
          ids = ids << 8 | (file[body + 6 + 3 * i] & 0xff);
        }
      } else if (marker == 0xe0 && ExifOrientation.matches(file, body, "JFIF\0") && length >= 16) {
        jfif = true;
      } else if (marker == 0xee && ExifOrientation.matches(file, body, "Adobe") && length >= 14) {
        adobe = file[body + 11] & 0xff;
      } else if (marker == 0xe1
          && exifEnd == 0
          && ExifOrientation.matches(file, body, "Exif\0\0")
          && length >= 8) {
        exifStart = body + 6;
        exifEnd = end;
      }
      at = end;
    }
    return Optional.empty();
  }

  /**
   * Whether the first three of the stored components are luma and chroma; the decision of libjpeg.
   */
  boolean lumaAndChroma() {
    return switch (components) {
      case 3 -> jfif || (adobeTransform >= 0 ? adobeTransform != 0 : componentIds != RGB_IDS);
      case 4 -> adobeTransform > 0;
      default -> false;
    };
  }
}
