package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * A linear layer on every row, fused: {@code out = activation(x * weight^T + bias + residual)}.
 *
 * <p>Inputs: x {@code [N, ..., inFeatures]}, then residual {@code [N, ..., outFeatures]} if {@code
 * hasResidual}, then a row mask U8 {@code [N, rows]} (1 = valid) if {@code rowMask} is not {@link
 * RowMask#NONE}. Weights: the matrix {@code [outFeatures, inFeatures]}, then the bias {@code
 * [outFeatures]} if {@code hasBias}. Output {@code [N, ..., outFeatures]}. A masked row ignores its
 * input even where that is NaN.
 *
 * @param exact whether products stay fp32 where the backend was asked for less: for layers that
 *     make coordinates, scores or boxes
 */
public record Linear(
    int inFeatures,
    int outFeatures,
    boolean hasBias,
    Activation activation,
    boolean hasResidual,
    RowMask rowMask,
    boolean exact)
    implements OpSpec {

  /** A layer without bias, activation, residual and mask. */
  public static Linear of(int inFeatures, int outFeatures) {
    return new Linear(inFeatures, outFeatures, false, Activation.NONE, false, RowMask.NONE, false);
  }

  /** The same layer with a bias among its weights. */
  public Linear withBias() {
    return new Linear(inFeatures, outFeatures, true, activation, hasResidual, rowMask, exact);
  }

  /** The same layer with another activation. */
  public Linear withActivation(Activation function) {
    return new Linear(inFeatures, outFeatures, hasBias, function, hasResidual, rowMask, exact);
  }

  /** The same layer with a residual input. */
  public Linear withResidual() {
    return new Linear(inFeatures, outFeatures, hasBias, activation, true, rowMask, exact);
  }

  /** The same layer with a mask input. */
  public Linear withRowMask(RowMask mask) {
    return new Linear(inFeatures, outFeatures, hasBias, activation, hasResidual, mask, exact);
  }

  /** The same layer with fp32 products whatever the backend was asked for. */
  public Linear withExactProducts() {
    return new Linear(inFeatures, outFeatures, hasBias, activation, hasResidual, rowMask, true);
  }

  @Override
  public List<WeightSpec> weights() {
    return WeightSpec.product(hasBias, outFeatures, inFeatures);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(
        x.rank() >= 2 && x.last() == inFeatures, "linear input ends in " + inFeatures, x);
    int[] extents = x.toArray();
    extents[extents.length - 1] = outFeatures;
    Shape out = Shape.of(extents);
    OpSpec.require(
        !hasResidual || inputs.get(1).equals(out),
        "residual has the output's shape " + out,
        inputs);
    if (rowMask != RowMask.NONE) {
      Shape mask = inputs.get(inputs.size() - 1);
      OpSpec.require(
          mask.elements() * inFeatures == x.elements(),
          "the row mask has one byte a row of " + x,
          mask);
    }
    return List.of(Output.f32(out));
  }
}
