package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class RawOutputsTest {
  private final RawOutputs expected =
      new RawOutputs(
          2, new float[] {1, 2, 3, 4, 5, 6}, new float[] {.1f, .2f, .3f, .4f, 0, 0, 1, 1});

  @Test
  void swappedQueriesAreMatchedAndCounted() {
    RawOutputs swapped =
        new RawOutputs(
            2, new float[] {4, 5, 6.5f, 1, 2, 3}, new float[] {0, 0, 1, 1, .1f, .2f, .3f, .4f});
    assertEquals(new RawOutputs.Difference(0.5f, 0, 2), swapped.from(expected));
  }

  @Test
  void oneQueryTwiceIsNotTwoQueries() {
    RawOutputs twice =
        new RawOutputs(
            2,
            new float[] {1, 2, 3, 1, 2, 3},
            new float[] {.1f, .2f, .3f, .4f, .1f, .2f, .3f, .4f});
    assertEquals(3, twice.from(expected).logits());
  }

  @Test
  void nanIsAnInfiniteDifference() {
    RawOutputs broken = new RawOutputs(2, new float[] {1, 2, 3, 4, Float.NaN, 6}, expected.boxes());
    assertEquals(Float.POSITIVE_INFINITY, broken.from(expected).logits());
  }

  @Test
  void otherShapesAreRefused() {
    RawOutputs other = new RawOutputs(1, new float[] {1, 2, 3}, new float[4]);
    assertThrows(IllegalArgumentException.class, () -> other.from(expected));
    assertThrows(
        IllegalArgumentException.class, () -> new RawOutputs(2, new float[6], new float[4]));
  }
}
