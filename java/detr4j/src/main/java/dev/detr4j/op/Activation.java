package dev.detr4j.op;

/** The function applied to the sum that a linear layer or a convolution has made. */
public enum Activation {
  /** The sum itself. */
  NONE,
  /** {@code max(x, 0)}; NaN stays NaN. */
  RELU,
  /** {@code x/2 * (1 + erf(x / sqrt 2))}, the exact form. */
  GELU,
  /** {@code x / (1 + e^-x)} (Elfwing et al. 2018), also called swish. */
  SILU
}
