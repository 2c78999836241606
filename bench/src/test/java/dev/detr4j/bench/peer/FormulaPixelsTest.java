package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FormulaPixelsTest {
  /** The expected values were printed by numpy, from peers/python/formula.py. */
  @Test
  void equalsThePythonFormula() {
    FormulaPixels pixels = FormulaPixels.of(4, 5);
    assertEquals(-0x1.ea6888p-1f, pixels.channelsFirst()[0]);
    assertEquals(-0x1.c86a36p+0f, pixels.channelsFirst()[19]);
    assertEquals(-0x1.036fd4p+0f, pixels.channelsFirst()[20]);
    assertEquals(0x1.8d886ep+0f, pixels.channelsFirst()[59]);
    assertEquals(-0x1.ea6888p-1f, pixels.channelsLast()[0]);
    assertEquals(-0x1.036fd4p+0f, pixels.channelsLast()[1]);
    assertEquals(0x1.8d886ep+0f, pixels.channelsLast()[59]);
  }
}
