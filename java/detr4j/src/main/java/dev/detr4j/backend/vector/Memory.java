package dev.detr4j.backend.vector;

import dev.detr4j.ffi.NativeAccess;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * All native memory as one segment, whose offsets are addresses.
 *
 * <p>Every kernel reads and writes through this constant, so that all vector accesses are of one
 * kind and their bounds and liveness checks fold away; a method that sees heap and native segments,
 * or segments of several arenas, loses up to ten times its speed for good. The price is that
 * nothing checks the addresses: they come from tensor views that were checked when they were made.
 */
final class Memory {
  static final MemorySegment ALL = NativeAccess.addressSpace();

  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  // Unaligned layouts, because an alignment check for each access is not free.
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  static final VarHandle FLOAT_AT = FLOAT.varHandle();
  static final VarHandle LONG_AT = LONG.varHandle();

  /**
   * A mask that leaves every address as it is, and tells C2 that it is not negative and far from
   * the largest long: where {@code base & ADDRESS} is taken ahead of a counted loop and the loop
   * adds what it counts, no bounds are checked in the loop, nor ahead of it. A product of matrices
   * issued 53 instructions for 16 multiply-adds with the checks that were left and 42 without.
   */
  static final long ADDRESS = (1L << 62) - 1;

  private Memory() {}

  static float getFloat(long address) {
    return ALL.get(FLOAT, address);
  }

  static void setFloat(long address, float value) {
    ALL.set(FLOAT, address, value);
  }

  static int getInt(long address) {
    return ALL.get(INT, address);
  }

  static void setInt(long address, int value) {
    ALL.set(INT, address, value);
  }

  static long getLong(long address) {
    return ALL.get(LONG, address);
  }

  static void setLong(long address, long value) {
    ALL.set(LONG, address, value);
  }

  static double getDouble(long address) {
    return ALL.get(DOUBLE, address);
  }

  static void setDouble(long address, double value) {
    ALL.set(DOUBLE, address, value);
  }

  /** An unsigned byte. */
  static int getByte(long address) {
    return ALL.get(BYTE, address) & 0xFF;
  }

  static void setByte(long address, int value) {
    ALL.set(BYTE, address, (byte) value);
  }

  static void copy(long from, long to, long bytes) {
    MemorySegment.copy(ALL, from, ALL, to, bytes);
  }

  static void clear(long address, long bytes) {
    for (long at = address; at < address + bytes; at += 4) {
      ALL.set(INT, at, 0);
    }
  }

  /** The next multiple of 64 bytes. */
  static long aligned(long bytes) {
    return (bytes + 63) & -64L;
  }
}
