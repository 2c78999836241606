package dev.detr4j.backend.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.tensor.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Where a panel holds its values, and what it rounds them to. */
class PanelFormatTest {
  private static final int COLUMNS = 2;

  @Test
  void fp32HasARowOfColumnsForEachValue() {
    assertArrayEquals(
        new int[] {
          bits(10), bits(20),
          bits(11), bits(21),
          bits(12), bits(22)
        },
        panel(PanelFormat.of(ElementType.F32)));
  }

  @Test
  void bf16HasARowOfColumnsForTwoValues() {
    assertArrayEquals(
        new int[] {
          bits(11) | bits(10) >>> 16, bits(21) | bits(20) >>> 16, bits(12) >>> 16, bits(22) >>> 16
        },
        panel(PanelFormat.of(ElementType.BF16)));
  }

  @Test
  void bf16IsRoundedToNearestEven() {
    assertEquals(0x3f80, bf16(1));
    assertEquals(0x3f80, bf16(1 + 0x1p-8f), "half way, down to even");
    assertEquals(0x3f82, bf16(1 + 3 * 0x1p-8f), "half way, up to even");
    assertEquals(0x3f81, bf16(1 + 0x1p-8f + 0x1p-23f));
    assertEquals(0xbf80, bf16(-1 - 0x1p-8f));
    assertEquals(0x7f80, bf16(Float.MAX_VALUE), "beyond the largest number");
    assertEquals(0xff80, bf16(Float.NEGATIVE_INFINITY));
    assertEquals(0x8000, bf16(-0f));
    // A signaling NaN whose upper half alone would be an infinity.
    assertTrue((bf16(Float.intBitsToFloat(0x7f800001)) & 0x7fff) > 0x7f80);
  }

  @Test
  void typesThatKernelsDoNotMultiplyInAreRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> PanelFormat.of(ElementType.U8));
    assertEquals("there are no weight panels of U8", e.getMessage());
  }

  /** Three values of each of two columns: 10 11 12 and 20 21 22, all of them exact in bf16. */
  private static int[] panel(PanelFormat format) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment panel = arena.allocate(format.bytes(3, COLUMNS), 4);
      for (int k = 0; k < 3; k++) {
        format.put(panel, COLUMNS, k, 0, 10 + k);
        format.put(panel, COLUMNS, k, 1, 20 + k);
      }
      return panel.toArray(ValueLayout.JAVA_INT);
    }
  }

  private static int bf16(float value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment panel = arena.allocate(4, 4);
      PanelFormat.BF16.put(panel, 1, 0, 0, value);
      return Short.toUnsignedInt(panel.get(ValueLayout.JAVA_SHORT, 0));
    }
  }

  private static int bits(float value) {
    return Float.floatToRawIntBits(value);
  }
}
