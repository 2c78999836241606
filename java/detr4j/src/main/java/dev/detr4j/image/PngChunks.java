package dev.detr4j.image;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;

/**
 * The chunks of a PNG file that its RGB pixels depend on: header, palette, image data. ImageIO's
 * reader checks the others too, and refuses whole pictures for a damaged note.
 */
final class PngChunks {
  private static final int HEADER_END = 33;
  private static final int PALETTE_TYPE = 3;

  /** The end chunk, with its checksum. */
  private static final byte[] END = {
    0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xae, 0x42, 0x60, (byte) 0x82
  };

  private PngChunks() {}

  /**
   * Header, palette where one is needed, and the first run of image data, which Pillow takes for
   * the whole; from a chunk on that is cut short, the file as it is.
   *
   * @throws dev.detr4j.error.ImageException when the header is damaged, or palette or pixels are
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
    InputStream palette = InputStream.nullInputStream();
    boolean hasPalette = false;
    int at = HEADER_END;
    int pixels = -1;
    InputStream end = InputStream.nullInputStream();
    while (at + 8 <= file.length) {
      long next = at + 12L + (bytes.getInt(at) & 0xffffffffL);
      boolean isPixels = ImageFormat.matches(file, at + 4, "IDAT");
      if (isPixels && pixels < 0) {
        pixels = at;
      } else if (!isPixels && pixels >= 0) {
        end = new ByteArrayInputStream(END);
        break;
      }
      if (next > file.length) {
        at = file.length;
        break;
      }
      if (needsPalette && ImageFormat.matches(file, at + 4, "PLTE")) {
        palette = new ByteArrayInputStream(file, at, (int) next - at);
        hasPalette = true;
      }
      at = (int) next;
    }
    if (pixels < 0) {
      throw image.damaged("PNG", "it has no image data");
    }
    if (needsPalette && !hasPalette) {
      throw image.damaged("PNG", "it has no palette before its pixels");
    }
    return new SequenceInputStream(
        new SequenceInputStream(new ByteArrayInputStream(file, 0, HEADER_END), palette),
        new SequenceInputStream(new ByteArrayInputStream(file, pixels, at - pixels), end));
  }
}
