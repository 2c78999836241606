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
   * The same sum where a backend may take it by Winograd's F(4x4, 3x3).
   *
   * <p>Its transforms multiply by up to 8, so its rounding has up to 2.8 times the deviation of a
   * direct sum (measured on 64 to 256 channels; {@code winograd4_conv2d.c}): a mean square of 0.02
   * x 2.8^2 = 0.16 length, 0.25 allowed, and 0.14 epsilon length for the deviation of an element, 4
   * to 5 of them in a big tensor, and up to twice that at the points with the largest factors.
   */
  static Tolerance ofSquares(int length) {
    return new Tolerance(2 * EPSILON * (4.0 + length), EPSILON * EPSILON * (32 + length / 4.0));
  }

  /**
   * So many units of fp32 spacing at 1 for each element, and half as many in the root of the mean
   * square.
   */
  static Tolerance ofUnits(double units) {
    return new Tolerance(EPSILON * units, EPSILON * EPSILON * units * units / 4);
  }
}
