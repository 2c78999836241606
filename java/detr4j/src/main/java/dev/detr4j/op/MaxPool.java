package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The largest value under a square window, per channel.
 *
 * <p>Input {@code [N, H, W, C]}, output {@code [N, OH, OW, C]} with {@code OH = (H + 2 padding -
 * kernel) / stride + 1}, rounded down. Positions outside the map never win; NaN wins over
 * everything, as in PyTorch.
 *
 * @param padding at most half the kernel, so that every window holds a pixel
 */
public record MaxPool(int kernel, int stride, int padding) implements OpSpec {
  /** Checks the extents. */
  public MaxPool {
    OpSpec.require(
        kernel >= 1 && stride >= 1 && padding >= 0 && 2 * padding <= kernel,
        "padding <= kernel / 2",
        padding);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    Shape x = inputs.get(0);
    OpSpec.require(x.rank() == 4, "max-pool input is [N, H, W, C]", x);
    int height = (x.get(1) + 2 * padding - kernel) / stride + 1;
    int width = (x.get(2) + 2 * padding - kernel) / stride + 1;
    OpSpec.require(
        x.get(1) + 2 * padding >= kernel && x.get(2) + 2 * padding >= kernel,
        "the map holds a window",
        x);
    return List.of(Output.f32(x.get(0), height, width, x.last()));
  }
}
