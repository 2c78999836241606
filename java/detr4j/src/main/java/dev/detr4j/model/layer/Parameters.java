package dev.detr4j.model.layer;

import dev.detr4j.model.family.WeightSource;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.Linear;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

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

  /**
   * An operation with its weights, in the shapes that it asks for.
   *
   * @param names of the weights, in the order of the operation
   */
  public <S extends OpSpec> WeightedOp<S> weighted(S op, String... names) {
    List<Weight> weights = new ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      weights.add(source.get(prefix + names[i], op.weights().get(i).shape()));
    }
    return new WeightedOp<>(op, weights);
  }

  /** A linear layer {@code name.weight} {@code [out, in]}, {@code name.bias}. */
  public WeightedOp<Linear> linear(String name, int in, int out, Activation activation) {
    Linear op = Linear.of(in, out).withActivation(activation).withBias();
    return weighted(op, name + ".weight", name + ".bias");
  }

  /** A layer normalisation of eps 1e-5, as every transformer here has it. */
  public WeightedOp<LayerNorm> layerNorm(String name, int channels) {
    return layerNorm(name, channels, 1e-5f);
  }

  /** A layer normalisation. */
  public WeightedOp<LayerNorm> layerNorm(String name, int channels, float epsilon) {
    return weighted(LayerNorm.of(channels, epsilon), name + ".weight", name + ".bias");
  }
}
