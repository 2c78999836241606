package dev.detr4j.op.gradient;

import dev.detr4j.op.OpSpec;
import dev.detr4j.op.OperationCost;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * A map with zeros between its pixels: {@code out[stride y, stride x] = in[y, x]}, zero elsewhere.
 * By it, the gradient of a convolution with a stride becomes that of one without.
 *
 * <p>Input {@code [N, H, W, C]}, output {@code [N, height, width, C]}, large enough for the last
 * pixel.
 */
public record Spread(int stride, int height, int width) implements TrainingOp {
  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape in = inputs.getFirst();
    OpSpec.require(in.rank() == 4, "the map is [N, H, W, C]", in);
    OpSpec.require(
        (in.get(1) - 1) * stride < height && (in.get(2) - 1) * stride < width,
        "the pixels have room in " + height + " x " + width,
        in);
    return List.of(Output.f32(in.get(0), height, width, in.last()));
  }

  @Override
  public OperationCost cost(List<Shape> inputs, long written) {
    return new OperationCost(0, OperationCost.read(inputs) + written);
  }
}
