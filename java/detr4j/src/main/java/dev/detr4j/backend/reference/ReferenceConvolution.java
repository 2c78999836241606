package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link Convolution}, one row of output pixels a tile; the windows of four pixels are laid out and
 * multiplied together.
 */
final class ReferenceConvolution implements HostOp<Convolution> {
  private final HeapWeights weights;

  ReferenceConvolution(HeapWeights weights) {
    this.weights = weights;
  }

  @Override
  public List<HostKernel> bind(
      Convolution op, BoundNode node, HostContext context, MemorySegment workspace) {
    Bound bound =
        new Bound(
            op,
            node.input(0).shape(),
            node.output(0).shape(),
            weights.inputMajor(
                node.weight(0),
                op.outChannels(),
                op.inChannels() / op.groups(),
                op.window().area(),
                op.groups()),
            weights.plainOrNull(node.weightOrNull(1)),
            new Elements(node.input(0)),
            op.hasResidual() ? new Elements(node.input(1)) : null,
            new Elements(node.output(0)));
    int outHeight = bound.outShape.get(1);
    int outWidth = bound.outShape.get(2);
    return List.of(
        TiledLoop.of(
            (long) bound.outShape.get(0) * outHeight,
            (tile, scratch) -> {
              for (int group = 0; group < op.groups(); group++) {
                for (int column = 0; column < outWidth; column += MatrixProduct.ROWS) {
                  pixels(bound, tile / outHeight, tile % outHeight, column, group);
                }
              }
            }));
  }

  private record Bound(
      Convolution op,
      Shape inShape,
      Shape outShape,
      float[] weight,
      float @Nullable [] bias,
      Elements x,
      @Nullable Elements residual,
      Elements out) {}

  /**
   * Four output pixels from {@code firstColumn} on, or fewer at the end of the row; the channels of
   * one group.
   */
  private static void pixels(Bound bound, int item, int outRow, int firstColumn, int group) {
    Convolution op = bound.op;
    int outWidth = bound.outShape.get(2);
    int count = Math.min(MatrixProduct.ROWS, outWidth - firstColumn);
    int channels = op.inChannels() / op.groups();
    int outputs = op.outChannels() / op.groups();
    int depth = op.window().area() * channels;
    HeapScratch heap = HeapScratch.ofThread();
    double[] windows = heap.values(MatrixProduct.ROWS * depth);
    Arrays.fill(windows, 0, MatrixProduct.ROWS * depth, 0);
    for (int p = 0; p < count; p++) {
      window(bound, item, outRow, firstColumn + p, group * channels, channels, windows, p * depth);
    }
    double[][] sums = heap.sums(outputs);
    MatrixProduct.add(windows, depth, bound.weight, group * depth * outputs, outputs, sums);
    for (int p = 0; p < count; p++) {
      long row = (long) outRow * outWidth + firstColumn + p;
      for (int j = 0; j < outputs; j++) {
        int channel = group * outputs + j;
        double sum = sums[p][j];
        if (bound.bias != null) {
          sum += bound.bias[channel];
        }
        if (bound.residual != null) {
          sum += bound.residual.f32(item, row, channel);
        }
        bound.out.f32(item, row, channel, (float) Activations.apply(op.activation(), sum));
      }
    }
  }

  /** Copies the input pixels under the kernel, tap after tap; those outside the map stay zero. */
  private static void window(
      Bound bound,
      int item,
      int outRow,
      int outColumn,
      int firstChannel,
      int channels,
      double[] target,
      int at) {
    KernelWindow kernel = bound.op.window();
    int height = bound.inShape.get(1);
    int width = bound.inShape.get(2);
    for (int ky = 0; ky < kernel.height(); ky++) {
      int y = outRow * kernel.stride() - kernel.padding() + ky * kernel.dilation();
      for (int kx = 0; kx < kernel.width(); kx++) {
        int x = outColumn * kernel.stride() - kernel.padding() + kx * kernel.dilation();
        if (y >= 0 && y < height && x >= 0 && x < width) {
          int tap = ky * kernel.width() + kx;
          bound.x.read(
              item, (long) y * width + x, firstChannel, channels, target, at + tap * channels);
        }
      }
    }
  }
}
