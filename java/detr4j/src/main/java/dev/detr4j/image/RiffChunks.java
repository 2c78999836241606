package dev.detr4j.image;

/**
 * A walk over the chunks of a RIFF container: type, length (little endian), data, padded to an even
 * length. Every offset is checked.
 */
final class RiffChunks {
  private static final int FILE_HEADER = 12;

  private final byte[] file;
  private final int limit;
  private final boolean whole;
  private int at;
  private int start;
  private int end;

  /** The chunks of a whole file. */
  RiffChunks(byte[] file) {
    this.file = file;
    long said = file.length < FILE_HEADER ? 0 : 8 + unsigned32(4);
    this.whole = said >= FILE_HEADER && said <= file.length;
    this.limit = whole ? (int) said : file.length;
    this.at = FILE_HEADER;
  }

  /** The chunks within a part of a file. */
  RiffChunks(byte[] file, int from, int limit) {
    this.file = file;
    this.limit = limit;
    this.whole = true;
    this.at = from;
  }

  /** Whether the file has the size that its header says, or more. */
  boolean whole() {
    return whole;
  }

  /** Goes to the next chunk; false where there is none, or it is cut short. */
  boolean next() {
    if (at + 8 > limit) {
      return false;
    }
    long length = unsigned32(at + 4);
    if (at + 8 + length > limit) {
      return false;
    }
    start = at + 8;
    end = start + (int) length;
    at = end + (int) (length & 1);
    return true;
  }

  /** Whether the chunk has this type. */
  boolean is(String type) {
    return ImageFormat.matches(file, start - 8, type);
  }

  /** Offset of the chunk's data. */
  int start() {
    return start;
  }

  /** Offset after the chunk's data. */
  int end() {
    return end;
  }

  int length() {
    return end - start;
  }

  /** The little-endian number of three bytes at an offset of the file. */
  int unsigned24(int offset) {
    return (file[offset] & 0xff) | (file[offset + 1] & 0xff) << 8 | (file[offset + 2] & 0xff) << 16;
  }

  private long unsigned32(int offset) {
    return (unsigned24(offset) | (long) (file[offset + 3] & 0xff) << 24);
  }
}
