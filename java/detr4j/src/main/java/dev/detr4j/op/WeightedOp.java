package dev.detr4j.op;

import dev.detr4j.tensor.Weight;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An operation with the weights that it takes: what a model builder keeps of a layer.
 *
 * @param <S> the operation
 * @param op what is computed
 * @param weights as {@link OpSpec#weights} asks for
 */
public record WeightedOp<S extends OpSpec>(S op, List<Weight> weights) {
  /**
   * Checks the weights.
   *
   * @throws IllegalArgumentException when they are not those that the operation takes
   */
  public WeightedOp {
    weights = List.copyOf(weights);
    OpSpec.requireWeights(op, weights);
  }

  /** An operation with its weights in order. */
  public static <S extends OpSpec> WeightedOp<S> of(S op, Weight... weights) {
    return new WeightedOp<>(op, List.of(weights));
  }

  /** A linear layer on rows, as wide as its weight {@code [out, in]} says. */
  public static WeightedOp<Linear> linear(
      Weight weight, @Nullable Weight bias, Activation activation) {
    Linear plain =
        Linear.of(weight.shape().get(1), weight.shape().get(0)).withActivation(activation);
    return bias == null ? of(plain, weight) : of(plain.withBias(), weight, bias);
  }

  /**
   * The same weights under a changed operation, as in {@code layer.as(Linear::withResidual)}.
   *
   * @throws IllegalArgumentException when the changed operation takes other weights
   */
  public WeightedOp<S> as(UnaryOperator<S> change) {
    return new WeightedOp<>(change.apply(op), weights);
  }

  /** The first weight: the matrix or kernel. */
  public Weight weight() {
    return weights.getFirst();
  }

  /**
   * The second weight: the bias.
   *
   * @throws IllegalArgumentException when there is none
   */
  public Weight bias() {
    if (weights.size() < 2) {
      throw new IllegalArgumentException(weight().name() + " has no bias");
    }
    return weights.get(1);
  }
}
