package dev.detr4j.image;

/**
 * A walk over the segments of a JPEG file, from its start to its first scan, by the rules of
 * libjpeg: bytes between segments are skipped up to the next marker, a length below 2 covers only
 * itself. Every offset is checked.
 */
final class JpegSegments {
  static final int DHT = 0xc4;
  static final int SOI = 0xd8;
  static final int EOI = 0xd9;
  static final int SOS = 0xda;
  static final int DNL = 0xdc;
  static final int APP0 = 0xe0;
  static final int APP1 = 0xe1;
  static final int APP2 = 0xe2;
  static final int APP14 = 0xee;
  static final int APP15 = 0xef;
  static final int COM = 0xfe;

  private final byte[] file;
  private int at = 2;
  private int marker;
  private int start;
  private int body;
  private int end;
  private boolean done;
  private boolean regular = true;

  /** A walk over a file that starts with SOI. */
  JpegSegments(byte[] file) {
    this.file = file;
  }

  /**
   * Goes to the next segment; false after the first scan's header, and where the file ends before.
   */
  boolean next() {
    while (!done) {
      int from = at;
      while (at < file.length && file[at] != (byte) 0xff) {
        at++;
      }
      while (at < file.length && file[at] == (byte) 0xff) {
        at++;
      }
      if (at >= file.length) {
        return false;
      }
      marker = file[at++] & 0xff;
      regular &= at == from + 2;
      // FF00 is an escaped byte, the others are markers without a segment.
      if (marker == 0 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
        regular = false;
        continue;
      }
      start = at - 2;
      if (marker == SOI || marker == EOI) {
        body = at;
        end = at;
        done = true;
        return true;
      }
      if (at + 2 > file.length) {
        return false;
      }
      int length = (file[at] & 0xff) << 8 | (file[at + 1] & 0xff);
      regular &= length >= 2;
      body = at + 2;
      end = at + Math.max(length, 2);
      if (end > file.length) {
        return false;
      }
      at = end;
      done = marker == SOS;
      return true;
    }
    return false;
  }

  /** The second byte of the segment's marker. */
  int marker() {
    return marker;
  }

  /** Whether this is an application segment or a comment. */
  boolean isApplication() {
    return (marker >= APP0 && marker <= APP15) || marker == COM;
  }

  /** Offset of the segment's marker. */
  int start() {
    return start;
  }

  /** Offset of what follows the segment's length. */
  int body() {
    return body;
  }

  /** Offset after the segment. */
  int end() {
    return end;
  }

  /** Whether there was nothing but whole segments so far. */
  boolean regular() {
    return regular;
  }
}
