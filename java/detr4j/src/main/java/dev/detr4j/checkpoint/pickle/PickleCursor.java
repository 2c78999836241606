package dev.detr4j.checkpoint.pickle;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** A position in a pickle, and the operands that its opcodes have. Never reads past the end. */
final class PickleCursor {
  private static final int LONGEST_LINE = 1024;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble BIG_ENDIAN_DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final BigInteger LEAST_LONG = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MOST_LONG = BigInteger.valueOf(Long.MAX_VALUE);

  private final MemorySegment bytes;
  private long position;

  PickleCursor(MemorySegment bytes, long position) {
    this.bytes = bytes;
    this.position = position;
  }

  long position() {
    return position;
  }

  /** Makes sure that so many bytes are left. */
  void require(long count) throws PickleException {
    if (count < 0 || count > bytes.byteSize() - position) {
      throw new PickleException(
          "the pickle ends early: %s bytes wanted, %d left"
              .formatted(Long.toUnsignedString(count), bytes.byteSize() - position));
    }
  }

  private long take(long count) throws PickleException {
    require(count);
    long at = position;
    position += count;
    return at;
  }

  int unsignedByte() throws PickleException {
    return bytes.get(ValueLayout.JAVA_BYTE, take(1)) & 0xff;
  }

  int unsignedShort() throws PickleException {
    return unsignedByte() | unsignedByte() << 8;
  }

  int signedInt() throws PickleException {
    return bytes.get(INT, take(4));
  }

  long unsignedInt() throws PickleException {
    return signedInt() & 0xffff_ffffL;
  }

  long signedLong() throws PickleException {
    return bytes.get(LONG, take(8));
  }

  double bigEndianDouble() throws PickleException {
    return bytes.get(BIG_ENDIAN_DOUBLE, take(8));
  }

  void skipFrameHeader() throws PickleException {
    long length = signedLong();
    if (length < 0 || length > bytes.byteSize() - position) {
      throw new PickleException("a frame ends past the end of the pickle");
    }
  }

  byte[] bytes(long count) throws PickleException {
    long at = take(count);
    if (count > Integer.MAX_VALUE - 16) {
      throw new PickleException("a value has " + count + " bytes");
    }
    return bytes.asSlice(at, count).toArray(ValueLayout.JAVA_BYTE);
  }

  String text(long count) throws PickleException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(count))).toString();
    } catch (CharacterCodingException e) {
      throw new PickleException("a string is not UTF-8 text");
    }
  }

  /** The text up to the next line feed, which is consumed. */
  String line() throws PickleException {
    long length = 0;
    while (bytes.get(ValueLayout.JAVA_BYTE, take(1)) != '\n') {
      if (++length > LONGEST_LINE) {
        throw new PickleException("a line has more than " + LONGEST_LINE + " bytes");
      }
    }
    position -= length + 1;
    String text = text(length);
    position++;
    return text;
  }

  /** A decimal integer on a line of its own; {@code 00} and {@code 01} are booleans. */
  Object integerOrBoolean() throws PickleException {
    String line = line();
    return switch (line) {
      case "00" -> false;
      case "01" -> true;
      default -> decimal(line);
    };
  }

  /** A decimal integer on a line of its own, with or without Python's final L. */
  Object decimalLong() throws PickleException {
    String line = line();
    return decimal(line.endsWith("L") ? line.substring(0, line.length() - 1) : line);
  }

  private static Object decimal(String text) throws PickleException {
    if (!text.matches("[+-]?[0-9]{1,1000}")) {
      throw new PickleException("\"" + text + "\" is not an integer");
    }
    return narrowest(new BigInteger(text));
  }

  /** A floating-point number on a line of its own. */
  Object decimalDouble() throws PickleException {
    String line = line();
    return switch (line) {
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      case "nan", "-nan" -> Double.NaN;
      default -> {
        if (!line.matches("[+-]?[0-9]{0,400}[.]?[0-9]{0,400}([eE][+-]?[0-9]{1,9})?")) {
          throw new PickleException("\"" + line + "\" is not a number");
        }
        try {
          yield Double.valueOf(line);
        } catch (NumberFormatException e) {
          throw new PickleException("\"" + line + "\" is not a number");
        }
      }
    };
  }

  /** A two's complement integer of that many bytes, least significant first. */
  Object wideInteger(long count) throws PickleException {
    if (count < 0 || count > LONGEST_LINE) {
      throw new PickleException("an integer has " + count + " bytes");
    }
    byte[] digits = bytes(count);
    if (digits.length == 0) {
      return 0L;
    }
    for (int i = 0, j = digits.length - 1; i < j; i++, j--) {
      byte swapped = digits[i];
      digits[i] = digits[j];
      digits[j] = swapped;
    }
    return narrowest(new BigInteger(digits));
  }

  private static Object narrowest(BigInteger value) {
    return value.compareTo(LEAST_LONG) >= 0 && value.compareTo(MOST_LONG) <= 0
        ? (Object) value.longValue()
        : value;
  }
}
