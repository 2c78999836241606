package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** {@link ConvolutionWeightGradient}, some output channels of one group a tile. */
final class ReferenceConvolutionWeightGradient implements HostOp<ConvolutionWeightGradient> {
  @Override
  public List<HostKernel> bind(
      ConvolutionWeightGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Convolution of = op.of();
    Elements x = new Elements(node.input(0));
    Elements dz = new Elements(node.input(1));
    Shape in = node.input(0).shape();
    Shape out = node.input(1).shape();
    int depth = of.inChannels() / of.groups() * of.window().area();
    return TransposedProduct.bind(
        node,
        2,
        of.outChannels(),
        of.outChannels() / of.groups(),
        depth,
        (group, visitor) -> {
          double[] window = new double[depth];
          int channels = of.inChannels() / of.groups();
          for (int item = 0; item < out.get(0); item++) {
            for (int row = 0; row < out.get(1); row++) {
              for (int column = 0; column < out.get(2); column++) {
                read(of, x, in, item, row, column, group * channels, window);
                visitor.visit(dz, item, (long) row * out.get(2) + column, window, true);
              }
            }
          }
        });
  }

  /** The pixels under the kernel as {@code [channels][taps]}, zero outside the map. */
  private static void read(
      Convolution of,
      Elements x,
      Shape in,
      int item,
      int outRow,
      int outColumn,
      int firstChannel,
      double[] window) {
    KernelWindow kernel = of.window();
    Arrays.fill(window, 0);
    for (int ky = 0; ky < kernel.height(); ky++) {
      int row = outRow * kernel.stride() - kernel.padding() + ky * kernel.dilation();
      for (int kx = 0; kx < kernel.width(); kx++) {
        int column = outColumn * kernel.stride() - kernel.padding() + kx * kernel.dilation();
        if (row >= 0 && row < in.get(1) && column >= 0 && column < in.get(2)) {
          int tap = ky * kernel.width() + kx;
          for (int c = 0; c < of.inChannels() / of.groups(); c++) {
            window[c * kernel.area() + tap] =
                x.f32(item, (long) row * in.get(2) + column, firstChannel + c);
          }
        }
      }
    }
  }
}
