package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The mean of the pixels under a square window, per channel; of a window that leaves the map at the
 * bottom or right, the mean of those that it has (PyTorch's {@code AvgPool2d} with {@code
 * ceil_mode} and no padding).
 *
 * <p>Input {@code [N, H, W, C]}, output {@code [N, OH, OW, C]} with {@code OH = (H - kernel) /
 * stride + 1}, rounded up, and OW likewise. NaN and infinity reach the windows that hold them.
 *
 * @param kernel at least the stride, so that every window holds a pixel
 */
public record AveragePool(int kernel, int stride) implements OpSpec {
  /** Checks the extents. */
  public AveragePool {
    OpSpec.require(stride >= 1 && kernel >= stride, "kernel >= stride >= 1", kernel);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(x.rank() == 4, "average-pool input is [N, H, W, C]", x);
    return List.of(Output.f32(x.get(0), extent(x.get(1)), extent(x.get(2)), x.last()));
  }

  private int extent(int in) {
    return Math.max(0, Math.ceilDiv(in - kernel, stride)) + 1;
  }
}
