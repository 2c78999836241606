package dev.detr4j.backend.parity;

import java.util.Arrays;
import java.util.List;

/** Compares results with the reference's. */
final class Comparison {
  private Comparison() {}

  /**
   * Throws an {@link AssertionError} that shows the worst element unless all results are as exact
   * as they must be.
   */
  static void check(OpCase test, String where, List<double[]> expected, List<double[]> actual) {
    for (int output = 0; output < expected.size(); output++) {
      check(test, where, output, expected, actual.get(output));
    }
  }

  private static void check(
      OpCase test, String where, int output, List<double[]> results, double[] actual) {
    double[] expected = results.get(output);
    int worst = -1;
    double worstDifference = -1;
    double squares = 0;
    double total = 0;
    for (int i = 0; i < expected.length; i++) {
      if (test.unspecified().test(output, i, results)) {
        continue;
      }
      double difference = difference(expected[i], actual[i]);
      if (difference > worstDifference) {
        worst = i;
        worstDifference = difference;
      }
      if (Double.isFinite(expected[i])) {
        squares += difference * difference;
        total += expected[i] * expected[i];
      }
    }
    double nmse = squares == 0 ? 0 : squares / total;
    Tolerance tolerance = test.tolerance();
    // A result of nothing but (nearly) zeros has no scale of its own; the largest difference bounds
    // it.
    boolean hasScale = total > expected.length * tolerance.maxAbs() * tolerance.maxAbs() * 1e6;
    if (worst >= 0
        && (worstDifference > tolerance.maxAbs() || (hasScale && nmse > tolerance.nmse()))) {
      throw new AssertionError(
          String.format(
              "%s on %s: output %d differs by %.3g (limit %.3g), nmse %.3g (limit %.3g); worst element %d of %d:"
                  + " expected %s, got %s; %s inputs %s",
              test,
              where,
              output,
              worstDifference,
              tolerance.maxAbs(),
              nmse,
              tolerance.nmse(),
              worst,
              expected.length,
              (float) expected[worst],
              (float) actual[worst],
              test.op().getClass().getSimpleName(),
              Arrays.toString(test.inputs().stream().map(CaseTensor::shape).toArray())));
    }
  }

  /** NaN agrees with NaN, and an infinity only with itself. */
  private static double difference(double expected, double actual) {
    if ((Double.isNaN(expected) && Double.isNaN(actual)) || expected == actual) {
      return 0;
    }
    double difference = Math.abs(expected - actual);
    return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
  }
}
