package dev.detr4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The type of a stored element. Names are those of the safetensors format; elements are
 * little-endian.
 *
 * <p>Floating types of 16 bits and more widen to fp32; the others can be looked at as bytes but are
 * no weights.
 */
public enum StoredType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  F8_E4M3(1),
  F8_E5M2(1),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1);

  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int bytes;

  StoredType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** Whether {@link #widen} can turn elements of this type into fp32. */
  public boolean widens() {
    return this == F32 || this == F16 || this == BF16 || this == F64;
  }

  /**
   * Writes {@code count} elements as fp32 in native byte order; F64 is rounded to nearest, the
   * 16-bit types are exact.
   *
   * @param source little-endian elements of this type
   * @param destination at least {@code 4 * count} bytes
   * @throws UnsupportedOperationException when this type does not widen
   */
  public void widen(MemorySegment source, MemorySegment destination, long count) {
    switch (this) {
      case F32 ->
          MemorySegment.copy(
              source, FLOAT, 0, destination, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, count);
      case F16 -> {
        for (long i = 0; i < count; i++) {
          float value = Float.float16ToFloat(source.get(SHORT, 2 * i));
          destination.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, value);
        }
      }
      case BF16 -> {
        for (long i = 0; i < count; i++) {
          // bf16 is the upper half of an fp32; the sign extension is shifted out.
          int bits = source.get(SHORT, 2 * i) << 16;
          destination.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * i, bits);
        }
      }
      case F64 -> {
        for (long i = 0; i < count; i++) {
          destination.set(
              ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, (float) source.get(DOUBLE, 8 * i));
        }
      }
      default -> throw new UnsupportedOperationException(this + " elements do not widen to fp32");
    }
  }
}
