package dev.detr4j.bench.kernel;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The distinct convolutions of ResNet-50 for an image of 800x1066, in the order of the network.
 *
 * <p>A bottleneck reduces the channels by a 1x1 convolution, works on the map with a 3x3, and
 * expands them again onto the residual; the first of a stage has other extents and a shortcut that
 * fits the residual to it.
 */
public enum ResNetConvolution {
  STEM(3, 64, 7, 2, 800, 1066, Activation.RELU, false, 1),
  STAGE1_FIRST_REDUCE(64, 64, 1, 1, 200, 267, Activation.RELU, false, 1),
  STAGE1_3X3(64, 64, 3, 1, 200, 267, Activation.RELU, false, 3),
  STAGE1_EXPAND(64, 256, 1, 1, 200, 267, Activation.RELU, true, 3),
  STAGE1_SHORTCUT(64, 256, 1, 1, 200, 267, Activation.NONE, false, 1),
  STAGE1_REDUCE(256, 64, 1, 1, 200, 267, Activation.RELU, false, 2),
  STAGE2_FIRST_REDUCE(256, 128, 1, 1, 200, 267, Activation.RELU, false, 1),
  STAGE2_FIRST_3X3(128, 128, 3, 2, 200, 267, Activation.RELU, false, 1),
  STAGE2_EXPAND(128, 512, 1, 1, 100, 134, Activation.RELU, true, 4),
  STAGE2_SHORTCUT(256, 512, 1, 2, 200, 267, Activation.NONE, false, 1),
  STAGE2_REDUCE(512, 128, 1, 1, 100, 134, Activation.RELU, false, 3),
  STAGE2_3X3(128, 128, 3, 1, 100, 134, Activation.RELU, false, 3),
  STAGE3_FIRST_REDUCE(512, 256, 1, 1, 100, 134, Activation.RELU, false, 1),
  STAGE3_FIRST_3X3(256, 256, 3, 2, 100, 134, Activation.RELU, false, 1),
  STAGE3_EXPAND(256, 1024, 1, 1, 50, 67, Activation.RELU, true, 6),
  STAGE3_SHORTCUT(512, 1024, 1, 2, 100, 134, Activation.NONE, false, 1),
  STAGE3_REDUCE(1024, 256, 1, 1, 50, 67, Activation.RELU, false, 5),
  STAGE3_3X3(256, 256, 3, 1, 50, 67, Activation.RELU, false, 5),
  STAGE4_FIRST_REDUCE(1024, 512, 1, 1, 50, 67, Activation.RELU, false, 1),
  STAGE4_FIRST_3X3(512, 512, 3, 2, 50, 67, Activation.RELU, false, 1),
  STAGE4_EXPAND(512, 2048, 1, 1, 25, 34, Activation.RELU, true, 3),
  STAGE4_SHORTCUT(1024, 2048, 1, 2, 50, 67, Activation.NONE, false, 1),
  STAGE4_REDUCE(2048, 512, 1, 1, 25, 34, Activation.RELU, false, 2),
  STAGE4_3X3(512, 512, 3, 1, 25, 34, Activation.RELU, false, 2);

  private static final int SMALL_HEIGHT = 9;
  private static final int SMALL_WIDTH = 11;

  private final int in;
  private final int out;
  private final int kernel;
  private final int stride;
  private final int height;
  private final int width;
  private final Activation activation;
  private final boolean residual;
  private final int times;

  ResNetConvolution(
      int in,
      int out,
      int kernel,
      int stride,
      int height,
      int width,
      Activation activation,
      boolean residual,
      int times) {
    this.in = in;
    this.out = out;
    this.kernel = kernel;
    this.stride = stride;
    this.height = height;
    this.width = width;
    this.activation = activation;
    this.residual = residual;
    this.times = times;
  }

  /** How often the network has it. */
  int times() {
    return times;
  }

  /**
   * Everything that a convolution with a bias and nothing else depends on, as the peers take it.
   */
  record Geometry(int in, int out, int kernel, int stride, int height, int width) {
    /** As in {@code 3x3/2 128 -> 128 on 200x267}. */
    @Override
    public String toString() {
      return "%dx%d%s %d -> %d on %dx%d"
          .formatted(kernel, kernel, stride == 1 ? "" : "/" + stride, in, out, height, width);
    }

    /** Zeros around the map. */
    int padding() {
      return kernel / 2;
    }

    /** The convolution with its bias alone. */
    KernelCase plain() {
      return kernelCase("convolution " + this, Activation.NONE, false);
    }

    private KernelCase kernelCase(String name, Activation activation, boolean residual) {
      KernelWindow window = KernelWindow.square(kernel).withStride(stride).withPadding(padding());
      Convolution op = new Convolution(in, out, window, 1, true, activation, residual);
      List<KernelInput> inputs = new ArrayList<>();
      inputs.add(KernelInput.uniform(name + " input", 1, 1, height, width, in));
      if (residual) {
        Shape shape = Shape.of(1, window.outHeight(height), window.outWidth(width), out);
        inputs.add(KernelInput.uniform(name + " residual", 1, shape.toArray()));
      }
      WeightedOp<Convolution> weighted =
          WeightedOp.of(
              op,
              FormulaWeight.of(name + " weight", out, in, kernel, kernel),
              FormulaWeight.of(name + " bias", out));
      return new KernelCase(name, weighted, inputs, KernelCase.ofSum(in * kernel * kernel));
    }
  }

  /** Real, or with a quarter of the channels on a map of 9x11. */
  Geometry geometry(CaseSize size) {
    return size == CaseSize.REAL
        ? new Geometry(in, out, kernel, stride, height, width)
        : new Geometry(in > 3 ? in / 4 : in, out / 4, kernel, stride, SMALL_HEIGHT, SMALL_WIDTH);
  }

  /** As the network has it, with residual and activation. */
  KernelCase fused(CaseSize size) {
    return geometry(size).kernelCase("ResNet-50 " + name(), activation, residual);
  }
}
