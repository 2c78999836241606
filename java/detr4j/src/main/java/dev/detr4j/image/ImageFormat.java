package dev.detr4j.image;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;

/** The formats that are read, told by the first bytes of a file as Pillow tells them. */
enum ImageFormat {
  JPEG,
  PNG,
  GIF,
  BMP,
  /** A bitmap without the file header: what a clipboard holds, and files that end in .dib. */
  DIB,
  WEBP;

  private static final Set<Integer> DIB_HEADERS = Set.of(12, 40, 52, 56, 64, 108, 124);

  /** The format of a file, empty when it is none of these. */
  static Optional<ImageFormat> of(byte[] file) {
    if (matches(file, 0, "\u00ff\u00d8\u00ff")) {
      return Optional.of(JPEG);
    }
    if (matches(file, 0, "\u0089PNG\r\n\u001a\n")) {
      return Optional.of(PNG);
    }
    if (matches(file, 0, "GIF87a") || matches(file, 0, "GIF89a")) {
      return Optional.of(GIF);
    }
    if (matches(file, 0, "BM")) {
      return Optional.of(BMP);
    }
    if (matches(file, 0, "RIFF") && matches(file, 8, "WEBP")) {
      return Optional.of(WEBP);
    }
    boolean dib =
        file.length >= 12
            && (file[1] | file[2] | file[3]) == 0
            && DIB_HEADERS.contains((int) file[0]);
    return dib ? Optional.of(DIB) : Optional.empty();
  }

  /** What a file that is none of these is, and what was expected. */
  static String describeOther(byte[] file) {
    return otherName(file)
            .map(name -> name + " is not supported")
            .orElse("not a known image format")
        + "; expected JPEG, PNG, GIF, BMP or WebP";
  }

  private static Optional<String> otherName(byte[] file) {
    String name = null;
    if (matches(file, 0, "II*\0")
        || matches(file, 0, "MM\0*")
        || matches(file, 0, "II+\0")
        || matches(file, 0, "MM\0+")) {
      name = "TIFF";
    } else if (matches(file, 4, "ftyp")) {
      name = "HEIC, AVIF or video";
    } else if (matches(file, 4, "jP  ") || matches(file, 0, "\u00ffO\u00ffQ")) {
      name = "JPEG 2000";
    } else if (matches(file, 4, "JXL ") || matches(file, 0, "\u00ff\n")) {
      name = "JPEG XL";
    } else if (matches(file, 0, "8BPS")) {
      name = "Photoshop";
    } else if (matches(file, 0, "%PDF")) {
      name = "PDF";
    } else if (matches(file, 0, "\0\0\1\0")) {
      name = "icon (ICO)";
    } else if (file.length > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '7') {
      name = file[2] == '\n' || file[2] == ' ' ? "PNM" : null;
    }
    return Optional.ofNullable(name);
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
