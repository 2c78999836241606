package dev.detr4j.image;

import java.io.ByteArrayOutputStream;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;

/**
 * The Huffman tables of the JPEG standard (ITU-T T.81, annex K.3), which frames of motion JPEG
 * leave out.
 */
final class JpegStandardTables {
  private JpegStandardTables() {}

  /** A DHT segment with the tables 0, for luma, and 1, for chroma. */
  static byte[] segment() {
    ByteArrayOutputStream tables = new ByteArrayOutputStream();
    append(tables, 0x00, JPEGHuffmanTable.StdDCLuminance);
    append(tables, 0x10, JPEGHuffmanTable.StdACLuminance);
    append(tables, 0x01, JPEGHuffmanTable.StdDCChrominance);
    append(tables, 0x11, JPEGHuffmanTable.StdACChrominance);
    ByteArrayOutputStream segment = new ByteArrayOutputStream();
    int length = 2 + tables.size();
    segment.write(0xff);
    segment.write(JpegSegments.DHT);
    segment.write(length >> 8);
    segment.write(length);
    segment.writeBytes(tables.toByteArray());
    return segment.toByteArray();
  }

  private static void append(ByteArrayOutputStream out, int id, JPEGHuffmanTable table) {
    out.write(id);
    short[] lengths = table.getLengths();
    for (int i = 0; i < 16; i++) {
      out.write(i < lengths.length ? lengths[i] : 0);
    }
    for (short value : table.getValues()) {
      out.write(value);
    }
  }
}
