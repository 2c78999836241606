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
   * A sum of {@code length} fp32 products of about {@code magnitude}, in any order: partial sums of
   * random signs grow with the square root of the length, and so does the number of their roundings
   * that do not cancel, hence a bound that is linear in the length.
   */
  static Tolerance ofSum(int length, double magnitude) {
    return new Tolerance(
        EPSILON * (4 + length / 4.0) * magnitude, EPSILON * EPSILON * (16 + length / 8.0));
  }

  /**
   * So many units of fp32 spacing at 1 for each element, and half as many in the root of the mean
   * square.
   */
  static Tolerance ofUnits(double units) {
    return new Tolerance(EPSILON * units, EPSILON * EPSILON * units * units / 4);
  }
}
