package dev.detr4j.backend.reference;

import dev.detr4j.op.Activation;

/** The activation functions in double precision. */
final class Activations {
  private Activations() {}

  static double apply(Activation activation, double x) {
    return switch (activation) {
      case NONE -> x;
      // Written so that NaN stays NaN.
      case RELU -> x < 0 ? 0 : x;
      // Minus infinity gives NaN, as the product of it with zero does.
      case SILU -> x / (1 + Math.exp(-x));
      case GELU -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    };
  }

  /**
   * The error function by its series {@code 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!},
   * whose terms all have one sign, so that nothing cancels.
   */
  static double erf(double x) {
    // Beyond 6 the difference from 1 is less than half a unit in the last place; NaN falls through
    // to the series.
    if (Math.abs(x) > 6) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }
}
