package dev.detr4j.op;

/** What a linear layer does with the rows whose mask is 0. */
public enum RowMask {
  /** There is no mask input. */
  NONE,
  /** The row counts as zeros before the product, so the bias alone remains. */
  ZERO_INPUT,
  /** The whole result is 0, bias included. */
  ZERO_OUTPUT
}
