package dev.detr4j.backend.host;

import dev.detr4j.backend.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The 32-bit words of a weight panel: a float, or two neighbouring values of an output channel as
 * bf16, the first in the low half.
 *
 * <pre>
 *   fp32   k=0: [w00 w01 ...]                  one row of columns a value
 *   bf16   k=0,1: [w10:w00 w11:w01 ...]        one row of columns for two values; an odd one's partner is 0
 * </pre>
 */
final class PanelWords {
  private static final int QUIET = 0x40;

  private PanelWords() {}

  /** Rows of words for so many values of each output channel. */
  static long rows(Precision precision, long values) {
    return precision == Precision.FP32 ? values : (values + 1) / 2;
  }

  /** Puts value {@code k} of the output channel in a column. */
  static void put(
      Precision precision, MemorySegment panel, int columns, long k, int column, float value) {
    if (precision == Precision.FP32) {
      panel.setAtIndex(ValueLayout.JAVA_FLOAT, k * columns + column, value);
    } else {
      long word = k / 2 * columns + column;
      panel.setAtIndex(ValueLayout.JAVA_SHORT, 2 * word + k % 2, bf16(value));
    }
  }

  /** The upper half of a float, rounded to nearest even; NaN stays NaN. */
  static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | QUIET);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }
}
