package dev.detr4j.backend.parity;

/**
 * How far a result may be from the reference: both the largest difference of an element and the
 * normalised mean squared error.
 *
 * @param maxAbs largest difference of one element
 * @param nmse sum of squared differences over sum of squared reference values
 */
record Tolerance(double maxAbs, double nmse) {
  /** The spacing of fp32 numbers at 1. */
  static final double EPSILON = 0x1p-23;

  static final Tolerance EXACT = new Tolerance(0, 0);

  /**
   * A sum of {@code length} fp32 products of two numbers between -1 and 1, added one after another.
   *
   * <p>Partial sums of random signs grow as {@code sqrt(k) / 3}, and each is rounded by up to half
   * its spacing. Added up as independent errors that gives a standard deviation of 0.05 epsilon
   * length, which is also what is measured, and four times that for the largest results of a big
   * tensor, whose partial sums grew fastest. The largest of 100,000 errors is 4 to 5 deviations:
   * about epsilon length. The mean square is told apart more sharply: 0.02 length for this order of
   * adding, 0.125 allowed.
   */
  static Tolerance ofSum(int length) {
    return new Tolerance(EPSILON * (4.0 + length), EPSILON * EPSILON * (16 + length / 8.0));
  }

  /**
   * So many units of fp32 spacing at 1 for each element, and half as many in the root of the mean
   * square.
   */
  static Tolerance ofUnits(double units) {
    return new Tolerance(EPSILON * units, EPSILON * EPSILON * units * units / 4);
  }
}
