package dev.detr4j.image;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;

/**
 * What stands before the first scan of a JPEG file, as far as its pixels depend on it, and the file
 * as ImageIO's decoder reads it.
 *
 * <p>ImageIO decodes with libjpeg, as Pillow does, but stops at files that libjpeg itself reads:
 * colour profiles in odd chunks, and frames of cameras without Huffman tables. It is therefore
 * given a stream without application segments, except the two that decide on colour, and with the
 * standard tables where they are missing.
 *
 * @param components number of colour components
 * @param componentIds the first four component identifiers, first in the highest byte
 * @param sampling the first four sampling factors, horizontal in the high half of each byte, first
 *     component in the highest
 * @param jfif whether a JFIF segment is there
 * @param adobeTransform the colour transform of an Adobe segment, -1 without one
 * @param oneScan whether the whole image is in one scan
 * @param scan offset of the first scan's marker
 * @param plain whether ImageIO reads the file as it is
 * @param standardTables whether the file relies on the standard Huffman tables
 */
record JpegHeader(
    int components,
    int componentIds,
    int sampling,
    boolean jfif,
    int adobeTransform,
    boolean oneScan,
    int scan,
    boolean plain,
    boolean standardTables) {
  private static final int RGB_IDS = 'R' << 16 | 'G' << 8 | 'B';
  private static final int PROGRESSIVE = 0xc2;

  /**
   * Reads the segments up to the first scan.
   *
   * @throws dev.detr4j.error.ImageException when there is no scan, or its coding is not supported
   */
  static JpegHeader read(EncodedImage image) {
    byte[] file = image.bytes();
    JpegSegments segments = new JpegSegments(file);
    int frame = 0;
    int frameBody = 0;
    int components = 0;
    boolean jfif = false;
    int adobe = -1;
    boolean profile = false;
    int tables = 0;
    while (segments.next()) {
      int marker = segments.marker();
      int body = segments.body();
      int length = segments.end() - body;
      if (marker == JpegSegments.EOI || marker == JpegSegments.SOI) {
        throw image.damaged("JPEG", "it has no image data");
      } else if (marker == 0xf7) {
        throw image.notSupported("JPEG-LS");
      } else if (isFrame(marker) && frame == 0) {
        frame = marker;
        frameBody = body;
        components = length < 6 ? 0 : file[body + 5] & 0xff;
        if (length < 6 || length < 6 + 3 * components) {
          throw image.damaged("JPEG", "its frame header is cut short");
        }
        checkFrame(image, marker, file[body] & 0xff, components);
        if ((file[body + 1] | file[body + 2]) == 0) {
          throw image.notSupported("JPEG that tells its height after its first scan (DNL)");
        }
        checkSampling(image, packed(file, body + 7, components), components);
      } else if (marker == JpegSegments.APP0
          && length >= 14
          && ImageFormat.matches(file, body, "JFIF\0")) {
        jfif = true;
      } else if (marker == JpegSegments.APP14
          && length >= 12
          && ImageFormat.matches(file, body, "Adobe")) {
        adobe = file[body + 11] & 0xff;
      } else if (marker == JpegSegments.APP2) {
        profile |= ImageFormat.matches(file, body, "ICC_PROFILE\0");
      } else if (marker == JpegSegments.DHT) {
        tables |= tablesOf(file, body, segments.end());
      } else if (marker == JpegSegments.SOS) {
        if (frame == 0) {
          throw image.damaged("JPEG", "its image data has no frame header before it");
        }
        int scanned = length < 1 ? 0 : file[body] & 0xff;
        boolean missing =
            frame != PROGRESSIVE && (tablesUsed(file, body, segments.end()) & ~tables) != 0;
        return new JpegHeader(
            components,
            packed(file, frameBody + 6, components),
            packed(file, frameBody + 7, components),
            jfif,
            adobe,
            frame != PROGRESSIVE && scanned == components,
            segments.start(),
            segments.regular() && !profile && !missing,
            missing);
      }
    }
    throw image.damaged("JPEG", "it ends before its image data");
  }

  /** Frame headers are SOF0 to SOF15 without the three numbers that mean tables. */
  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  private static void checkFrame(EncodedImage image, int marker, int bits, int components) {
    if (marker >= 0xc9) {
      throw image.notSupported("JPEG with arithmetic coding");
    }
    if (marker == 0xc3) {
      throw image.notSupported("lossless JPEG");
    }
    if (marker > 0xc3) {
      throw image.notSupported("hierarchical JPEG");
    }
    if (bits != 8) {
      throw image.notSupported("JPEG with " + bits + " bits per sample");
    }
    if (components != 1 && components != 3 && components != 4) {
      throw image.notSupported("JPEG with " + components + " colour components");
    }
  }

  private static void checkSampling(EncodedImage image, int sampling, int components) {
    for (int shift = 0; shift <= 4; shift += 4) {
      int largest = 0;
      for (int i = 0; i < components; i++) {
        largest = Math.max(largest, sampling >> (8 * i + shift) & 15);
      }
      for (int i = 0; i < components; i++) {
        int factor = sampling >> (8 * i + shift) & 15;
        if (factor < 1 || factor > 4) {
          throw image.damaged("JPEG", "a sampling factor is " + factor + ", expected 1 to 4");
        }
        if (largest % factor != 0) {
          throw image.notSupported("JPEG with sampling factors " + largest + " and " + factor);
        }
      }
    }
  }

  /** The first four of the bytes that stand three apart, the first in the highest byte. */
  private static int packed(byte[] file, int at, int components) {
    int packed = 0;
    for (int i = 0; i < Math.min(components, 4); i++) {
      packed = packed << 8 | (file[at + 3 * i] & 0xff);
    }
    return packed;
  }

  /** The Huffman tables that a segment defines: bits 0 to 3 for DC, 4 to 7 for AC. */
  private static int tablesOf(byte[] file, int from, int end) {
    int tables = 0;
    for (int at = from; at + 17 <= end; ) {
      int table = file[at] & 0xff;
      tables |= tableBit(table >> 4, table & 15);
      int values = 0;
      for (int i = 1; i <= 16; i++) {
        values += file[at + i] & 0xff;
      }
      at += 17 + values;
    }
    return tables;
  }

  /** The Huffman tables that a scan's header names. */
  private static int tablesUsed(byte[] file, int body, int end) {
    int tables = 0;
    for (int at = body + 1; at + 2 <= end - 3; at += 2) {
      int both = file[at + 1] & 0xff;
      tables |= tableBit(0, both >> 4) | tableBit(1, both & 15);
    }
    return tables;
  }

  private static int tableBit(int kind, int id) {
    return kind > 1 || id > 3 ? 0 : 1 << (4 * kind + id);
  }

  /** The file as ImageIO's decoder reads it. */
  InputStream decodable(byte[] file) {
    if (plain) {
      return new ByteArrayInputStream(file);
    }
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    head.write(0xff);
    head.write(JpegSegments.SOI);
    if (standardTables) {
      // Before those of the file, which so replace them.
      head.writeBytes(JpegStandardTables.segment());
    }
    JpegSegments segments = new JpegSegments(file);
    while (segments.next() && segments.marker() != JpegSegments.SOS) {
      boolean colour =
          segments.marker() == JpegSegments.APP0 || segments.marker() == JpegSegments.APP14;
      if (colour || !(segments.isApplication() || segments.marker() == JpegSegments.DNL)) {
        head.write(file, segments.start(), segments.end() - segments.start());
      }
    }
    return new SequenceInputStream(
        new ByteArrayInputStream(head.toByteArray()),
        new ByteArrayInputStream(file, scan, file.length - scan));
  }

  /**
   * Whether the first three of the stored components are luma and chroma; the decision of libjpeg.
   */
  boolean lumaAndChroma() {
    return switch (components) {
      case 3 -> jfif || (adobeTransform >= 0 ? adobeTransform != 0 : componentIds != RGB_IDS);
      case 4 -> adobeTransform > 0;
      default -> false;
    };
  }

  /**
   * Whether a component has half the rows of the largest and all of its columns, the one case in
   * which ImageIO's libjpeg repeats rows and Pillow's interpolates them.
   */
  boolean halvedVertically(int component) {
    int largest = 0;
    int widest = 0;
    for (int i = 0; i < components; i++) {
      largest = Math.max(largest, vertical(i));
      widest = Math.max(widest, horizontal(i));
    }
    return 2 * vertical(component) == largest && horizontal(component) == widest;
  }

  private int vertical(int component) {
    return sampling >> (8 * (components - 1 - component)) & 15;
  }

  private int horizontal(int component) {
    return sampling >> (8 * (components - 1 - component) + 4) & 15;
  }
}
