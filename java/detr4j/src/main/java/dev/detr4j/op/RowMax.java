package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The largest value of each row: {@code [N, S, C]} to {@code [N, S, 1]}. NaN wins over everything,
 * as in PyTorch.
 */
public record RowMax() implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(x.rank() == 3 && x.last() >= 1, "rows are those of [N, S, C]", x);
    return List.of(Output.f32(x.get(0), x.get(1), 1));
  }
}
