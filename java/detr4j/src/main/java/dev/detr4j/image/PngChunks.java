package dev.detr4j.image;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The chunks of a PNG file that its RGB pixels depend on: header, palette, image data. ImageIO's
 * reader checks the others too, and refuses whole pictures for a damaged note.
 */
final class PngChunks {
  private static final int HEADER_END = 33;
  private static final int PALETTE_TYPE = 3;

  private PngChunks() {}

  /**
   * The file without all other chunks; from a chunk on that is cut short, the file as it is.
   *
   * @throws dev.detr4j.error.ImageException when the header is damaged, or a palette is needed and
   *     missing
   */
  static InputStream decodable(EncodedImage image) {
    byte[] file = image.bytes();
    ByteBuffer bytes = ByteBuffer.wrap(file);
    if (file.length < HEADER_END
        || bytes.getInt(8) != 13
        || !ImageFormat.matches(file, 12, "IHDR")) {
      throw image.damaged("PNG", "it does not begin with a header chunk");
    }
    boolean needsPalette = file[25] == PALETTE_TYPE;
    boolean palette = false;
    boolean pixels = false;
    List<InputStream> parts = new ArrayList<>();
    int from = 0;
    long at = HEADER_END;
    while (at + 8 <= file.length) {
      long next = at + 12 + (bytes.getInt((int) at) & 0xffffffffL);
      if (next > file.length) {
        break;
      }
      boolean isPalette = ImageFormat.matches(file, (int) at + 4, "PLTE");
      boolean isPixels = ImageFormat.matches(file, (int) at + 4, "IDAT");
      boolean isEnd = ImageFormat.matches(file, (int) at + 4, "IEND");
      if (isPixels && needsPalette && !palette) {
        throw image.damaged("PNG", "it has no palette before its pixels");
      }
      palette |= isPalette;
      pixels |= isPixels;
      if (!(isPixels || isEnd || (isPalette && needsPalette && !pixels))) {
        parts.add(new ByteArrayInputStream(file, from, (int) at - from));
        from = (int) next;
      }
      at = next;
      if (isEnd) {
        break;
      }
    }
    parts.add(new ByteArrayInputStream(file, from, file.length - from));
    return parts.size() == 1
        ? parts.getFirst()
        : new SequenceInputStream(Collections.enumeration(parts));
  }
}
