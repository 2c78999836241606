package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The {@code k} largest scores of each batch item, in falling order.
 *
 * <p>Input {@code [N, S, C]}, counted row-major over S x C. Outputs: values F32 {@code [N, k]},
 * indices I32 {@code [N, k]}. Among equal scores the lower index comes first; NaN counts as the
 * largest, as in PyTorch.
 */
public record TopK(int k) implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape scores = inputs.get(0);
    OpSpec.require(
        scores.rank() == 3 && (long) scores.get(1) * scores.get(2) >= k,
        "scores hold " + k + " values",
        scores);
    return List.of(Output.f32(scores.get(0), k), Output.i32(scores.get(0), k));
  }
}
