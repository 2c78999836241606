package dev.detr4j.backend.host;

import dev.detr4j.tensor.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How the values of an output channel lie in a weight panel, for each element type that kernels
 * multiply in. A panel is made of 32-bit words; a narrow type has several neighbouring values of a
 * channel in one word, the first in the low bits.
 *
 * <pre>
 *   F32    k=0: [w00 w01 ...]                  one row of columns for each value
 *   BF16   k=0,1: [w10:w00 w11:w01 ...]        one row of columns for two values; an odd one's partner is 0
 * </pre>
 */
enum PanelFormat {
  /** The values as they are. */
  F32(ElementType.F32) {
    @Override
    void put(MemorySegment panel, long element, float value) {
      panel.setAtIndex(ValueLayout.JAVA_FLOAT, element, value);
    }
  },

  /** Rounded to nearest even. */
  BF16(ElementType.BF16) {
    @Override
    void put(MemorySegment panel, long element, float value) {
      panel.setAtIndex(ValueLayout.JAVA_SHORT, element, bf16(value));
    }
  };

  private static final int WORD_BYTES = 4;
  private static final int QUIET = 0x40;

  private final ElementType type;
  private final int valuesOfWord;

  PanelFormat(ElementType type) {
    this.type = type;
    this.valuesOfWord = WORD_BYTES / type.bytes();
  }

  /**
   * The format of panels for products of this type.
   *
   * @throws IllegalArgumentException when kernels do not multiply in it
   */
  static PanelFormat of(ElementType products) {
    for (PanelFormat format : values()) {
      if (format.type == products) {
        return format;
      }
    }
    throw new IllegalArgumentException("there are no weight panels of " + products);
  }

  /** Bytes of a panel with so many values in each of its columns. */
  long bytes(long values, int columns) {
    return (values + valuesOfWord - 1) / valuesOfWord * columns * WORD_BYTES;
  }

  /** Puts value {@code k} of the output channel in a column. */
  void put(MemorySegment panel, int columns, long k, int column, float value) {
    long word = k / valuesOfWord * columns + column;
    put(panel, word * valuesOfWord + k % valuesOfWord, value);
  }

  /** Puts a value at an element of this type. */
  abstract void put(MemorySegment panel, long element, float value);

  /** The upper half of a float, rounded to nearest even; NaN stays NaN. */
  private static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | QUIET);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }
}
