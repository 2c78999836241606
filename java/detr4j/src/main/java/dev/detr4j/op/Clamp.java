package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * {@code out = min(max(x, least), most)}, element by element; NaN stays NaN. Input {@code [N, ...,
 * C]}; output the same shape.
 */
public record Clamp(float least, float most) implements OpSpec {
  /** Checks the order. */
  public Clamp {
    OpSpec.require(least <= most, "the least is at most the most", least);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    return List.of(Output.f32(inputs.get(0)));
  }
}
