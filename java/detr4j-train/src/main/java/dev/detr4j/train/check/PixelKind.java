package dev.detr4j.train.check;

import org.jspecify.annotations.Nullable;

/** What kind of pixels a PNG or JPEG file holds, read from its header. Stateless. */
final class PixelKind {
  private PixelKind() {}

  /** What is unusual for a photo, or null: grey, 16 bits, CMYK, transparency. */
  static @Nullable String unusual(byte[] file) {
    if (file.length > 26 && at(file, 0) == 0x89 && at(file, 1) == 'P' && at(file, 2) == 'N') {
      int bits = at(file, 24);
      int type = at(file, 25);
      return bits == 16
          ? "16 bits a sample"
          : switch (type) {
            case 0 -> "grey";
            case 4 -> "grey with transparency";
            case 6 -> "transparency";
            default -> null;
          };
    }
    return at(file, 0) == 0xff && at(file, 1) == 0xd8 ? jpeg(file) : null;
  }

  private static @Nullable String jpeg(byte[] file) {
    int at = 2;
    while (at + 9 < file.length) {
      if (at(file, at) != 0xff) {
        at++;
        continue;
      }
      int marker = at(file, at + 1);
      boolean frame =
          marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
      if (frame) {
        int components = at(file, at + 9);
        return components == 1 ? "grey" : components == 4 ? "CMYK" : null;
      }
      boolean alone = marker == 0xff || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd9);
      at += alone ? 1 : 2 + (at(file, at + 2) << 8 | at(file, at + 3));
    }
    return null;
  }

  private static int at(byte[] file, int index) {
    return index < file.length ? file[index] & 0xff : -1;
  }
}
