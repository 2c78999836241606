package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * {@code out = a * b}, element by element. Inputs a and b of one shape {@code [N, ..., C]}; output
 * the same shape.
 */
public record Multiply() implements OpSpec {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    OpSpec.require(inputs.get(0).equals(inputs.get(1)), "both factors have one shape", inputs);
    return List.of(Output.f32(inputs.get(0)));
  }
}
