package dev.detr4j.model.layer;

import dev.detr4j.model.family.WeightSource;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.Linear;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;

/**
 * Reads the parameters of common layers below one prefix of canonical names.
 *
 * @param source the checkpoint
 * @param prefix ends in a dot, or is empty
 */
public record Parameters(WeightSource source, String prefix) {
  /** The parameters below a longer prefix. */
  public Parameters under(String name) {
    return new Parameters(source, prefix + name + ".");
  }

  /** The parameters of the {@code index}-th member of a list. */
  public Parameters under(int index) {
    return under(Integer.toString(index));
  }

  /** One tensor. */
  public Weight tensor(String name, int... extents) {
    return source.get(prefix + name, Shape.of(extents));
  }

  /** A linear layer {@code name.weight} {@code [out, in]}, {@code name.bias}. */
  public Linear linear(String name, int in, int out, Activation activation) {
    return Linear.of(tensor(name + ".weight", out, in), tensor(name + ".bias", out), activation);
  }

  /** A layer normalisation of eps 1e-5, as every transformer here has it. */
  public LayerNorm layerNorm(String name, int channels) {
    return new LayerNorm(
        channels,
        1e-5f,
        tensor(name + ".weight", channels),
        tensor(name + ".bias", channels),
        false,
        false);
  }
}
