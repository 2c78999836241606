package dev.detr4j.image;

/**
 * The colour indices of a GIF frame: variable-length LZW codes in blocks of up to 255 bytes. Code
 * sizes from 0 to 12 bits are read; the end code is passed over while pixels are missing, so that a
 * frame is whole or an error.
 */
final class GifCodes {
  private static final int MOST_BITS = 12;
  private static final int TABLE_SIZE = 1 << MOST_BITS;

  private final EncodedImage image;
  private final byte[] file;
  private int at;
  private int blockEnd;

  private final int firstBits;
  private final int clear;
  private final short[] link = new short[TABLE_SIZE];
  private final byte[] data = new byte[TABLE_SIZE];
  private int next;
  private int codeBits;
  private int bitBuffer;
  private int bitCount;

  /** The code before, -1 after a clear code. */
  private int previous = -1;

  private byte firstOfPrevious;

  /** Indices of the last code that are not handed out yet, from {@code pending} to the end. */
  private final byte[] string = new byte[TABLE_SIZE];

  private int pending = TABLE_SIZE;

  /** Codes of the frame whose code size stands at an offset within the file. */
  GifCodes(EncodedImage image, int at) {
    this.image = image;
    this.file = image.bytes();
    this.firstBits = file[at] & 0xff;
    if (firstBits > MOST_BITS) {
      throw image.damaged("GIF", "its code size is " + firstBits + ", expected at most 12");
    }
    this.at = at + 1;
    this.blockEnd = at + 1;
    this.clear = 1 << firstBits;
    reset();
  }

  private void reset() {
    next = clear + 2;
    codeBits = firstBits + 1;
    previous = -1;
  }

  /** Fills an array with the next indices. */
  void read(byte[] target) {
    int filled = 0;
    while (filled < target.length) {
      if (pending == TABLE_SIZE) {
        expandNext();
      }
      int count = Math.min(TABLE_SIZE - pending, target.length - filled);
      System.arraycopy(string, pending, target, filled, count);
      pending += count;
      filled += count;
    }
  }

  /** Puts the indices of the next code at the end of {@code string}. */
  private void expandNext() {
    int code = nextCode();
    while (code == clear || code == clear + 1) {
      if (code == clear) {
        reset();
      }
      code = nextCode();
    }
    if (code > (previous < 0 ? clear : next)) {
      throw image.damaged("GIF", "its image data has an impossible code");
    }
    int walked = code;
    if (previous >= 0 && code == next) {
      string[--pending] = firstOfPrevious;
      walked = previous;
    }
    while (walked >= clear) {
      if (pending == 0 || walked >= TABLE_SIZE) {
        throw image.damaged("GIF", "its image data has an impossible code");
      }
      string[--pending] = data[walked];
      walked = link[walked];
    }
    if (pending == 0) {
      throw image.damaged("GIF", "its image data has an impossible code");
    }
    string[--pending] = (byte) walked;
    if (previous >= 0 && next < TABLE_SIZE) {
      data[next] = (byte) walked;
      link[next] = (short) previous;
      if (next == (1 << codeBits) - 1 && codeBits < MOST_BITS) {
        codeBits++;
      }
      next++;
    }
    firstOfPrevious = (byte) walked;
    previous = code;
  }

  private int nextCode() {
    while (bitCount < codeBits) {
      while (at == blockEnd) {
        if (at >= file.length || at + 1 + (file[at] & 0xff) > file.length) {
          throw image.damaged("GIF", "it ends inside its image");
        }
        blockEnd = at + 1 + (file[at] & 0xff);
        at++;
      }
      bitBuffer |= (file[at++] & 0xff) << bitCount;
      bitCount += 8;
    }
    int code = bitBuffer & (1 << codeBits) - 1;
    bitBuffer >>>= codeBits;
    bitCount -= codeBits;
    return code;
  }
}
