package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * Every pixel {@code factor x factor} times, which is what PyTorch's {@code interpolate} calls
 * nearest.
 *
 * <p>Input {@code [N, H, W, C]}, output {@code [N, factor H, factor W, C]}.
 *
 * @param factor at least 1
 */
public record Upsample(int factor) implements OpSpec {
  /** Checks the factor. */
  public Upsample {
    OpSpec.require(factor >= 1, "the factor is at least 1", factor);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(x.rank() == 4, "the input of an upsampling is [N, H, W, C]", x);
    return List.of(Output.f32(x.get(0), factor * x.get(1), factor * x.get(2), x.last()));
  }
}
