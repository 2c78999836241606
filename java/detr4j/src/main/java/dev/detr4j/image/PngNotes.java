package dev.detr4j.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * The EXIF data and the XMP of a PNG file, wherever Pillow finds them: a chunk {@code eXIf}, before
 * or after the pixels; text named {@code Raw profile type exif}, in hexadecimal; text named {@code
 * XML:com.adobe.xmp}. Text may be compressed; at most a mebibyte of each is read.
 */
record PngNotes(byte @Nullable [] exif, byte @Nullable [] xmp) {
  private static final int MAX_TEXT = 1 << 20;
  private static final String EXIF = "exif";
  private static final String RAW_PROFILE = "Raw profile type exif";
  private static final String XMP = "XML:com.adobe.xmp";

  /** Chunks of PNG: length (big endian), type, data, checksum. */
  static PngNotes read(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file);
    byte[] exif = null;
    byte[] profile = null;
    byte[] xmp = null;
    boolean animated = false;
    boolean pixels = false;
    for (long at = 8; at + 8 <= file.length; ) {
      long length = bytes.getInt((int) at) & 0xffffffffL;
      int start = (int) at + 8;
      String type = new String(file, (int) at + 4, 4, StandardCharsets.ISO_8859_1);
      if (start + length > file.length
          || type.equals("IEND")
          || (type.equals("fcTL") && animated && pixels)) {
        break; // what follows belongs to later frames
      }
      int end = start + (int) length;
      switch (type) {
        case "acTL" -> animated |= length >= 4 && bytes.getInt(start) != 1;
        case "IDAT", "fdAT" -> pixels = true;
        case "eXIf" -> exif = Arrays.copyOfRange(file, start, end);
        case "tEXt", "zTXt", "iTXt" -> {
          if (isNamed(file, start, end, EXIF)) {
            exif = type.equals("tEXt") ? text(file, start, end, type) : exif;
          } else if (isNamed(file, start, end, RAW_PROFILE)) {
            profile = text(file, start, end, type);
          } else if (isNamed(file, start, end, XMP)) {
            xmp = text(file, start, end, type);
          }
        }
        default -> {}
      }
      at = end + 4L;
    }
    return new PngNotes(exif != null || profile == null ? exif : decoded(profile), xmp);
  }

  private static boolean isNamed(byte[] file, int start, int end, String key) {
    return end - start > key.length() && ImageFormat.matches(file, start, key + "\0");
  }

  /** The text after a chunk's key, null where it is cut short or its compression is not known. */
  private static byte @Nullable [] text(byte[] file, int start, int end, String type) {
    int at = zero(file, start, end) + 1;
    if (type.equals("tEXt")) {
      return Arrays.copyOfRange(file, at, end);
    }
    if (type.equals("zTXt")) {
      return at < end && file[at] == 0 ? inflated(file, at + 1, end) : null;
    }
    if (at + 2 > end) {
      return null;
    }
    boolean compressed = file[at] != 0;
    boolean known = file[at + 1] == 0;
    int afterLanguage = zero(file, at + 2, end) + 1;
    int afterKeyword = zero(file, afterLanguage, end) + 1;
    if (afterKeyword > end) {
      return null;
    }
    if (!compressed) {
      return Arrays.copyOfRange(file, afterKeyword, end);
    }
    return known ? inflated(file, afterKeyword, end) : null;
  }

  /** The offset of the next zero byte, {@code end} where there is none. */
  private static int zero(byte[] file, int from, int end) {
    int at = from;
    while (at < end && file[at] != 0) {
      at++;
    }
    return Math.min(at, end);
  }

  private static byte @Nullable [] inflated(byte[] file, int from, int end) {
    try (Inflater inflater = new Inflater()) {
      inflater.setInput(file, from, end - from);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] part = new byte[8192];
      while (!inflater.finished()) {
        int count = inflater.inflate(part);
        if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          break;
        }
        out.write(part, 0, count);
        if (out.size() > MAX_TEXT) {
          return null;
        }
      }
      return out.toByteArray();
    } catch (DataFormatException e) {
      return null;
    }
  }

  /** The bytes of a raw profile: three lines of heading, then hexadecimal digits in lines. */
  private static byte @Nullable [] decoded(byte[] profile) {
    int at = 0;
    for (int line = 0; line < 3; line++) {
      while (at < profile.length && profile[at] != '\n') {
        at++;
      }
      at++;
    }
    StringBuilder digits = new StringBuilder();
    for (; at < profile.length; at++) {
      if (profile[at] > ' ') {
        digits.append((char) profile[at]);
      }
    }
    try {
      return HexFormat.of().parseHex(digits);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
