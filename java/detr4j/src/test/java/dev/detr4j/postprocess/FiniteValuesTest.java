package dev.detr4j.postprocess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class FiniteValuesTest {
  private static final float[] NUMBERS = {
    0f, -0f, 1f, -1f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE
  };

  private static final float[] OTHERS = {
    Float.NaN,
    Float.intBitsToFloat(0xffc00001),
    Float.intBitsToFloat(0x7f800001),
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY
  };

  @Test
  void findsEveryOtherAmongNumbersAtEveryPlace() {
    FiniteValues look = new FiniteValues();
    for (int count = 0; count <= 11; count++) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = NUMBERS[i % NUMBERS.length];
      }
      assertTrue(look.all(MemorySegment.ofArray(values), count));
      for (int place = 0; place < count; place++) {
        for (float other : OTHERS) {
          float number = values[place];
          values[place] = other;
          MemorySegment memory = MemorySegment.ofArray(values);
          for (int seen = 0; seen <= count; seen++) {
            assertEquals(seen <= place, look.all(memory, seen), other + " at " + place);
          }
          assertEquals(other, memory.getAtIndex(ValueLayout.JAVA_FLOAT, place), "is left alone");
          values[place] = number;
        }
      }
    }
  }
}
