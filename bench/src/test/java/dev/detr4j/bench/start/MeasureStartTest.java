package dev.detr4j.bench.start;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MeasureStartTest {
  /** Quartiles as numpy.percentile gives them. */
  @Test
  void spreadIsTheMedianAndTheQuartiles() {
    assertEquals("1.50 (1.25 to 1.75)", MeasureStart.spread(new double[] {2, 1}));
    assertEquals("3.00 (2.00 to 4.00)", MeasureStart.spread(new double[] {5, 1, 4, 2, 3}));
    assertEquals("0.70 (0.70 to 0.70)", MeasureStart.spread(new double[] {0.7}));
  }
}
