package dev.detr4j.model.layer;

import dev.detr4j.op.Attention;

/** The arithmetic of attention heads. */
final class Heads {
  private Heads() {}

  /** Attention with the scale {@code 1 / sqrt(head dim)}. */
  static Attention attention(int dModel, int heads, boolean hasKeyMask) {
    int headDim = dModel / heads;
    return new Attention(heads, headDim, (float) (1.0 / Math.sqrt(headDim)), hasKeyMask);
  }
}
