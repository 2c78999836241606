package dev.detr4j.image;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the orientation, 1 to 8, that a JPEG, PNG or WebP file notes, where Pillow's {@code
 * exif_transpose} finds it: in the first directory of EXIF data, or, where that has no such entry,
 * in XMP. What is missing or damaged counts as 1, upright, because the note is a hint and not part
 * of the picture.
 */
final class ExifOrientation {
  private static final int UPRIGHT = 1;
  private static final String EXIF = "Exif\0\0";
  private static final String JPEG_XMP = "http://ns.adobe.com/xap/1.0/\0";
  private static final int WEBP_EXIF_FLAG = 0x08;
  private static final int WEBP_XMP_FLAG = 0x04;

  private ExifOrientation() {}

  static int of(byte[] file, ImageFormat format) {
    return switch (format) {
      case JPEG -> ofJpeg(file);
      case PNG -> {
        PngNotes notes = PngNotes.read(file);
        yield decide(notes.exif(), notes.xmp());
      }
      case WEBP -> ofWebp(file);
      case GIF, BMP, DIB -> UPRIGHT;
    };
  }

  /** EXIF data of several segments is one text; of several XMP segments the last counts. */
  private static int ofJpeg(byte[] file) {
    ByteArrayOutputStream exif = new ByteArrayOutputStream();
    byte[] xmp = null;
    JpegSegments segments = new JpegSegments(file);
    while (segments.next()) {
      int body = segments.body();
      if (segments.marker() == JpegSegments.APP1) {
        if (ImageFormat.matches(file, body, EXIF) && segments.end() - body >= EXIF.length()) {
          int from = body + EXIF.length();
          exif.write(file, from, segments.end() - from);
        } else if (ImageFormat.matches(file, body, JPEG_XMP)) {
          xmp = copy(file, body, segments.end());
        }
      }
    }
    return decide(exif.size() == 0 ? null : exif.toByteArray(), xmp);
  }

  /** The extended header has a flag for each; without it a chunk does not count. */
  private static int ofWebp(byte[] file) {
    RiffChunks chunks = new RiffChunks(file);
    if (!chunks.next() || !chunks.is("VP8X") || chunks.length() < 10) {
      return UPRIGHT;
    }
    int flags = file[chunks.start()];
    byte[] exif = null;
    byte[] xmp = null;
    while (chunks.next()) {
      if (exif == null && (flags & WEBP_EXIF_FLAG) != 0 && chunks.is("EXIF")) {
        exif = copy(file, chunks.start(), chunks.end());
      } else if (xmp == null && (flags & WEBP_XMP_FLAG) != 0 && chunks.is("XMP ")) {
        xmp = copy(file, chunks.start(), chunks.end());
      }
    }
    return decide(exif, xmp);
  }

  private static byte[] copy(byte[] file, int from, int end) {
    return Arrays.copyOfRange(file, from, Math.max(from, end));
  }

  private static int decide(byte @Nullable [] exif, byte @Nullable [] xmp) {
    int noted = exif == null ? ExifDirectory.ABSENT : ExifDirectory.orientation(exif);
    if (noted == ExifDirectory.ABSENT && xmp != null) {
      noted = inXmp(xmp);
    }
    return noted >= 1 && noted <= 8 ? noted : UPRIGHT;
  }

  /** The first {@code tiff:Orientation}, as an attribute or an element. */
  private static int inXmp(byte[] xmp) {
    String name = "tiff:Orientation";
    for (int at = 0; at + name.length() < xmp.length; at++) {
      if (xmp[at] == 't' && ImageFormat.matches(xmp, at, name)) {
        int after = at + name.length();
        int digit =
            ImageFormat.matches(xmp, after, "=\"")
                ? after + 2
                : ImageFormat.matches(xmp, after, ">") ? after + 1 : xmp.length;
        if (digit < xmp.length && xmp[digit] >= '0' && xmp[digit] <= '9') {
          return xmp[digit] - '0';
        }
      }
    }
    return UPRIGHT;
  }
}
