package dev.detr4j.backend.parity;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of {@link Convolution}: the kernels of the backbones, tails of every extent, groups,
 * dilation, padding larger than the map.
 */
final class ConvolutionCases {
  private ConvolutionCases() {}

  /** The geometry of a case. */
  private record Geometry(
      int batch,
      int height,
      int width,
      int in,
      int out,
      int kernel,
      int stride,
      int padding,
      int dilation,
      int groups) {
    int outHeight() {
      return (height + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    }

    int outWidth() {
      return (width + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    }

    KernelWindow window() {
      return new KernelWindow(kernel, kernel, stride, padding, dilation);
    }

    int depth() {
      return in / groups * kernel * kernel;
    }

    /** That of Winograd's F(4x4, 3x3) where a backend may choose it. */
    Tolerance tolerance() {
      boolean fits = kernel == 3 && stride == 1 && dilation == 1 && groups == 1;
      int squares = ((outHeight() + 3) / 4) * ((outWidth() + 3) / 4);
      return fits && Math.min(in, out) >= 16 && in * out <= 256 * 256 && squares >= 12
          ? Tolerance.ofSquares(depth())
          : Tolerance.ofSum(depth());
    }
  }

  static List<OpCase> convolution() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(of("conv out " + n, new Geometry(1, 4, 5, 8, n, 3, 1, 1, 1, 1), n % 2 == 0));
      cases.add(of("conv in " + n, new Geometry(1, 5, 4, n, 17, 3, 2, 1, 1, 1), n % 2 == 0));
      cases.add(of("conv width " + n, new Geometry(1, 3, n, 5, 19, 3, 1, 1, 1, 1), false));
      cases.add(
          of("conv 1x1 pixels " + n, new Geometry(1, 1, n, 12, 33, 1, 1, 0, 1, 1), n % 2 == 1));
      cases.add(of("conv depthwise " + n, new Geometry(1, 6, 5, n, n, 3, 1, 1, 1, n), false));
    }
    for (int prime : OpCases.PRIMES) {
      cases.add(
          of("conv primes " + prime, new Geometry(2, prime, 11, 7, prime, 3, 2, 1, 1, 1), true));
    }
    cases.add(of("conv stem 7x7", new Geometry(1, 33, 46, 3, 64, 7, 2, 3, 1, 1), false));
    cases.add(of("conv patch 4x4", new Geometry(1, 21, 30, 3, 96, 4, 4, 0, 1, 1), false));
    cases.add(of("conv down 2x2", new Geometry(2, 9, 12, 24, 48, 2, 2, 0, 1, 1), false));
    cases.add(of("conv 1x1 stride 2", new Geometry(2, 9, 7, 40, 48, 1, 2, 0, 1, 1), false));
    cases.add(of("conv 1x1 model sized", new Geometry(1, 13, 17, 256, 512, 1, 1, 0, 1, 1), true));
    cases.add(of("conv 3x3 model sized", new Geometry(1, 13, 17, 128, 128, 3, 1, 1, 1, 1), false));
    cases.add(of("conv extra level", new Geometry(1, 8, 10, 512, 256, 3, 2, 1, 1, 1), false));
    cases.add(of("conv dilated", new Geometry(1, 10, 13, 20, 24, 3, 1, 2, 2, 1), true));
    cases.add(of("conv dilated strided", new Geometry(1, 15, 14, 6, 10, 3, 2, 4, 3, 1), false));
    cases.add(of("conv one pixel", new Geometry(2, 1, 1, 16, 24, 3, 1, 1, 1, 1), true));
    cases.add(of("conv one pixel 7x7", new Geometry(1, 1, 1, 3, 20, 7, 2, 3, 1, 1), false));
    cases.add(of("conv one row", new Geometry(1, 1, 37, 9, 13, 3, 2, 1, 1, 1), false));
    cases.add(of("conv one column", new Geometry(1, 37, 1, 9, 13, 3, 2, 1, 1, 1), false));
    cases.add(of("conv wide padding", new Geometry(1, 2, 3, 5, 7, 3, 1, 4, 1, 1), false));
    cases.add(of("conv no padding", new Geometry(1, 9, 8, 5, 7, 3, 1, 0, 1, 1), false));
    cases.add(of("conv groups 2", new Geometry(1, 7, 6, 10, 14, 3, 1, 1, 1, 2), true));
    cases.add(of("conv groups 4 1x1", new Geometry(2, 5, 6, 32, 64, 1, 1, 0, 1, 4), false));
    cases.add(of("conv groups 32", new Geometry(1, 8, 7, 128, 128, 3, 2, 1, 1, 32), false));
    cases.add(of("conv channel multiplier", new Geometry(1, 6, 5, 6, 12, 3, 1, 1, 1, 6), false));
    cases.add(of("conv depthwise 7x7", new Geometry(2, 11, 13, 96, 96, 7, 1, 3, 1, 96), false));
    cases.add(of("conv depthwise stride 2", new Geometry(1, 12, 9, 35, 35, 3, 2, 1, 1, 35), true));
    for (Activation activation : Activation.values()) {
      for (boolean residual : new boolean[] {false, true}) {
        Geometry geometry = new Geometry(2, 6, 9, 13, 22, 3, 1, 1, 1, 1);
        String name = "conv " + activation + (residual ? " residual" : "");
        cases.add(of(name, geometry, activation, residual, false));
      }
    }
    cases.add(
        of(
            "conv residual in place",
            new Geometry(2, 6, 9, 13, 22, 3, 1, 1, 1, 1),
            Activation.RELU,
            true,
            true));
    cases.add(
        of(
            "conv 1x1 residual in place",
            new Geometry(1, 6, 9, 30, 44, 1, 1, 0, 1, 1),
            Activation.RELU,
            true,
            true));
    cases.add(notNumbers());
    cases.add(infiniteWeight());
    cases.addAll(squares());
    return cases;
  }

  /**
   * 3x3 convolutions large enough to be computed by squares of 2x2 outputs, or of 4x4 on the larger
   * of these maps (Winograd).
   *
   * <p>The tolerance of 2x2 squares is that of the direct sum of 9 C products: with inputs and
   * weights of variance 1/3, an output is the sum of nine sums of C products of V (a sum of four
   * inputs, variance 4/3) and U (variance 1/3 once, 3/4 of that four times, 9/16 of it four times).
   * Rounding while each is added up gives an error variance in proportion to C^2 / 2 times 4 (1 + 3
   * + 9/4) / 9 = 2.8, against 81 / 9 = 9 for one sum of 9 C. What is rounded in U, V and the nine
   * additions grows with C, not C^2: by 17.5 C beside 1.4 C^2 for the sums and 4.5 C^2 for the
   * direct one. From 6 channels on it fits into the difference.
   */
  private static List<OpCase> squares() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 16; n <= 40; n++) {
      cases.add(of("conv squares in " + n, new Geometry(1, 7, 8, n, 33, 3, 1, 1, 1, 1), true));
      cases.add(of("conv squares out " + n, new Geometry(2, 8, 7, 16, n, 3, 1, 1, 1, 1), false));
      cases.add(of("conv squares width " + n, new Geometry(1, 5, n, 32, 48, 3, 1, 1, 1, 1), true));
      cases.add(
          of("conv big squares in " + n, new Geometry(1, 12, 16, n, 33, 3, 1, 1, 1, 1), false));
      cases.add(
          of("conv big squares out " + n, new Geometry(2, 15, 16, 16, n, 3, 1, 1, 1, 1), true));
      cases.add(
          of("conv big squares width " + n, new Geometry(1, 24, n, 33, 50, 3, 1, 1, 1, 1), false));
    }
    cases.add(of("conv squares one row", new Geometry(1, 1, 37, 41, 65, 3, 1, 1, 1, 1), false));
    cases.add(of("conv squares one column", new Geometry(2, 37, 1, 33, 47, 3, 1, 1, 1, 1), true));
    cases.add(of("conv squares no padding", new Geometry(1, 15, 14, 35, 66, 3, 1, 0, 1, 1), false));
    cases.add(of("conv squares padding 2", new Geometry(2, 5, 8, 48, 35, 3, 1, 2, 1, 1), true));
    cases.add(of("conv squares padding 5", new Geometry(1, 2, 1, 37, 32, 3, 1, 5, 1, 1), false));
    cases.add(of("conv squares many", new Geometry(2, 41, 53, 64, 64, 3, 1, 1, 1, 1), true));
    cases.add(of("conv big squares", new Geometry(1, 25, 34, 256, 256, 3, 1, 1, 1, 1), true));
    cases.add(
        of("conv big squares padding 3", new Geometry(2, 11, 9, 40, 35, 3, 1, 3, 1, 1), false));
    cases.add(of("conv squares deep", new Geometry(1, 8, 10, 512, 512, 3, 1, 1, 1, 1), false));
    for (Activation activation : Activation.values()) {
      Geometry geometry = new Geometry(2, 9, 13, 40, 70, 3, 1, 1, 1, 1);
      cases.add(of("conv squares in place " + activation, geometry, activation, true, true));
      Geometry big = new Geometry(2, 13, 19, 40, 70, 3, 1, 1, 1, 1);
      cases.add(of("conv big squares in place " + activation, big, activation, true, true));
    }
    cases.add(notNumberInSquare(9, 11, 1));
    cases.add(notNumberInSquare(16, 19, 3));
    return cases;
  }

  private static OpCase of(String name, Geometry geometry, boolean residual) {
    return of(name, geometry, residual ? Activation.RELU : Activation.NONE, residual, false);
  }

  private static OpCase of(
      String name, Geometry g, Activation activation, boolean residual, boolean inPlace) {
    CaseBuilder builder = new CaseBuilder(name);
    Weight weight = builder.weight("weight", -1, 1, g.out, g.in / g.groups, g.kernel, g.kernel);
    // Every third case has no bias, as the necks of one project.
    Weight bias = g.out % 3 == 2 ? null : builder.weight("bias", -1, 1, g.out);
    return build(builder, g, weight, bias, activation, residual, inPlace);
  }

  private static OpCase build(
      CaseBuilder builder,
      Geometry g,
      Weight weight,
      Weight bias,
      Activation activation,
      boolean residual,
      boolean inPlace) {
    builder.input(g.batch, g.height, g.width, g.in);
    if (residual) {
      builder.input(g.batch, g.outHeight(), g.outWidth(), g.out);
    }
    if (inPlace) {
      builder.alias(0, 1);
    }
    return builder.build(op(g, weight, bias, activation, residual), g.tolerance());
  }

  private static WeightedOp<Convolution> op(
      Geometry g, Weight weight, Weight bias, Activation activation, boolean residual) {
    Convolution plain =
        new Convolution(g.in, g.out, g.window(), g.groups, bias != null, activation, residual);
    return bias == null ? WeightedOp.of(plain, weight) : WeightedOp.of(plain, weight, bias);
  }

  /** NaN and infinity reach the windows that hold them and no other. */
  private static OpCase notNumbers() {
    Geometry g = new Geometry(1, 9, 11, 6, 21, 3, 1, 1, 1, 1);
    CaseBuilder builder = new CaseBuilder("conv with NaN and infinity");
    Weight weight = builder.weight("weight", -1, 1, g.out, g.in, 3, 3);
    builder
        .input(1, g.height, g.width, g.in)
        .put(0, (2 * g.width + 3) * g.in, Double.NaN)
        .put(0, (6 * g.width + 8) * g.in + 5, Double.POSITIVE_INFINITY);
    return builder.build(op(g, weight, null, Activation.RELU, false), Tolerance.ofSum(g.depth()));
  }

  /** NaN reaches all windows that hold it; so many pixels further are open, beyond is clean. */
  private static OpCase notNumberInSquare(int height, int width, int further) {
    Geometry g = new Geometry(1, height, width, 33, 35, 3, 1, 1, 1, 1);
    int row = height / 2;
    int column = width / 2;
    CaseBuilder builder = new CaseBuilder("conv squares with NaN on " + height + " x " + width);
    Weight weight = builder.weight("weight", -1, 1, g.out, g.in, 3, 3);
    builder
        .input(1, g.height, g.width, g.in)
        .put(0, (row * g.width + column) * g.in + 32, Double.NaN)
        .unspecified((output, element, expected) -> {
          int pixel = element / g.out;
          int rows = Math.abs(pixel / g.width - row);
          int columns = Math.abs(pixel % g.width - column);
          int distance = Math.max(rows, columns);
          return distance > 1 && distance <= 1 + further;
        });
    return builder.build(op(g, weight, null, Activation.RELU, false), g.tolerance());
  }

  /** The pixels outside the map are zeros, and zero times infinity is NaN. */
  private static OpCase infiniteWeight() {
    Geometry g = new Geometry(1, 4, 5, 3, 18, 3, 1, 1, 1, 1);
    CaseBuilder builder = new CaseBuilder("conv with an infinite weight");
    double[] values = builder.uniform((long) g.out * g.in * 9, -1, 1);
    values[5 * g.in * 9] = Double.POSITIVE_INFINITY;
    return build(
        builder,
        g,
        builder.weight("weight", values, g.out, g.in, 3, 3),
        null,
        Activation.NONE,
        false,
        false);
  }
}
