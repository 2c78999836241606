package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Picks rows: {@code out[n, i] = x[n, index[n, i]]}.
 *
 * <p>Inputs: x {@code [N, S, C]}, indices I32 {@code [N, k]} in 0..S-1. Output {@code [N, k, C]}.
 * Indices come from {@link TopK} and are trusted.
 */
public record Gather() implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    Shape indices = inputs.get(1);
    OpSpec.require(x.rank() == 3, "rows come from [N, S, C]", x);
    OpSpec.require(
        indices.rank() == 2 && indices.get(0) == x.get(0), "indices are [N, k]", indices);
    return List.of(Output.f32(x.get(0), indices.get(1), x.last()));
  }
}
