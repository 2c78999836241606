package dev.detr4j.image;

/** The kernel that an antialiasing resampling rule stretches over the source. */
public enum ResamplingFilter {
  /** The triangle of width 2. */
  BILINEAR(1.0),
  /** The cubic of Keys (1981) with {@code a = -0.5}, width 4. */
  BICUBIC(2.0);

  private final double support;

  ResamplingFilter(double support) {
    this.support = support;
  }

  /**
   * Half the width of the filter, in source pixels when enlarging and in target pixels when
   * reducing.
   */
  public double support() {
    return support;
  }

  /** The filter's value at a distance from its centre. */
  public double value(double distance) {
    double x = Math.abs(distance);
    if (this == BILINEAR) {
      return x < 1.0 ? 1.0 - x : 0.0;
    }
    double a = -0.5;
    if (x < 1.0) {
      return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    }
    return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
  }
}
