package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Scaled dot-product attention of several heads (Vaswani et al. 2017), between the projections.
 *
 * <p>For head {@code m}: {@code out = softmax(q k^T * scale) v} on columns {@code [m headDim, (m +
 * 1) headDim)}. Inputs q {@code [N, Q, heads headDim]}, k and v {@code [N, K, heads headDim]}, then
 * if {@code hasKeyMask} a mask U8 {@code [N, K]}: keys with 0 get no weight, whatever they hold. At
 * least one key of each item is valid. Output {@code [N, Q, heads headDim]}. NaN in a query reaches
 * only that query's output.
 */
public record Attention(int heads, int headDim, float scale, boolean hasKeyMask) implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape q = inputs.get(0);
    Shape k = inputs.get(1);
    OpSpec.require(
        q.rank() == 3 && q.last() == heads * headDim, "queries are [N, Q, heads * headDim]", q);
    OpSpec.require(
        k.rank() == 3 && k.get(0) == q.get(0) && k.last() == q.last() && k.get(1) >= 1,
        "keys fit the queries " + q,
        k);
    OpSpec.require(inputs.get(2).equals(k), "values have the keys' shape " + k, inputs.get(2));
    if (hasKeyMask) {
      OpSpec.require(
          inputs.get(3).equals(Shape.of(k.get(0), k.get(1))),
          "the key mask has one byte a key of " + k,
          inputs.get(3));
    }
    return List.of(Output.f32(q));
  }
}
