package dev.detr4j.image;

/** Whether the run-length codes of a bitmap reach its end; they are decoded elsewhere. */
final class RunLengths {
  private RunLengths() {}

  /**
   * Whether the codes from an offset on come to their end mark, or to the last pixel.
   *
   * @param four whether the codes are of RLE4, else of RLE8
   */
  static boolean whole(byte[] file, int from, PixelSize size, boolean four) {
    int at = from;
    long x = 0;
    long y = 0;
    while (at + 2 <= file.length) {
      int count = file[at] & 0xff;
      int code = file[at + 1] & 0xff;
      at += 2;
      if (count > 0) {
        x += count;
      } else if (code == 0) {
        x = 0;
        y++;
      } else if (code == 1) {
        return true;
      } else if (code == 2) {
        if (at + 2 > file.length) {
          return false;
        }
        x += file[at] & 0xff;
        y += file[at + 1] & 0xff;
        at += 2;
      } else {
        int bytes = four ? (code + 1) / 2 : code;
        if (at + bytes > file.length) {
          return false;
        }
        x += code;
        at += bytes + (bytes & 1); // codes begin at even offsets
      }
      if (y >= size.height() || (y == size.height() - 1 && x >= size.width())) {
        return true;
      }
    }
    return false;
  }
}
