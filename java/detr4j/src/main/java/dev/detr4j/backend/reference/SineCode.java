package dev.detr4j.backend.reference;

/**
 * The sines and cosines of the position codes.
 *
 * <p>Coordinates and angles are rounded to fp32 after every operation, as PyTorch does, because an
 * angle of up to 2 pi carries its rounding error straight into the result; the sine of the rounded
 * angle is exact.
 */
final class SineCode {
  static final float TWO_PI = (float) (2 * Math.PI);

  private SineCode() {}

  /** The divisor of feature {@code i}: {@code 10000^(2 floor(i / 2) / features)}. */
  static float[] divisors(int features) {
    float[] divisors = new float[features];
    for (int i = 0; i < features; i++) {
      float exponent = (float) (2 * (i / 2)) / features;
      divisors[i] = (float) Math.pow(10000, exponent);
    }
    return divisors;
  }

  /** Feature {@code i} of a coordinate. */
  static float feature(float coordinate, int i, float divisor) {
    float angle = coordinate / divisor;
    return (float) (i % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
  }
}
