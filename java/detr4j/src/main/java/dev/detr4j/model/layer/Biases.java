package dev.detr4j.model.layer;

import dev.detr4j.op.Linear;
import dev.detr4j.tensor.Weight;

/** Access to biases that are known to be there. */
public final class Biases {
  private Biases() {}

  /** The bias of a layer that was read with one. */
  public static Weight of(Linear linear) {
    Weight bias = linear.bias();
    if (bias == null) {
      throw new IllegalArgumentException(linear.weight().name() + " has no bias");
    }
    return bias;
  }
}
