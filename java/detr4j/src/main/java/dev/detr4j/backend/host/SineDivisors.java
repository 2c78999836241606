package dev.detr4j.backend.host;

/** The divisors of sine codes. */
public final class SineDivisors {
  private SineDivisors() {}

  /**
   * Of feature {@code i}: {@code 10000^(2 floor(i / 2) / features)}, exponent and power in fp32.
   */
  public static float[] of(int features) {
    float[] divisors = new float[features];
    for (int i = 0; i < features; i++) {
      float exponent = (float) (i - i % 2) / features;
      divisors[i] = (float) Math.pow(10000, exponent);
    }
    return divisors;
  }
}
