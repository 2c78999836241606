package dev.detr4j.backend.parity;

import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
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

  static List<OpCase> convolution() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          of(
              "conv out " + n,
              Geometry.of(1, 4, 5).channels(8, n).kernel(3).padding(1),
              n % 2 == 0));
      cases.add(
          of(
              "conv in " + n,
              Geometry.of(1, 5, 4).channels(n, 17).kernel(3).stride(2).padding(1),
              n % 2 == 0));
      cases.add(
          of("conv width " + n, Geometry.of(1, 3, n).channels(5, 19).kernel(3).padding(1), false));
      cases.add(
          of("conv 1x1 pixels " + n, Geometry.of(1, 1, n).channels(12, 33).kernel(1), n % 2 == 1));
      cases.add(
          of(
              "conv depthwise " + n,
              Geometry.of(1, 6, 5).channels(n, n).kernel(3).padding(1).groups(n),
              false));
      cases.add(
          of(
              "conv depthwise 1x1 " + n,
              Geometry.of(2, 3, 35).channels(n, n).kernel(1).groups(n),
              n % 2 == 0));
      cases.add(
          of(
              "conv depthwise 2x2 " + n,
              Geometry.of(1, 4, 3).channels(n, n).kernel(2).padding(1).groups(n),
              n % 2 == 0));
    }
    for (int prime : OpCases.PRIMES) {
      cases.add(
          of(
              "conv primes " + prime,
              Geometry.of(2, prime, 11).channels(7, prime).kernel(3).stride(2).padding(1),
              true));
    }
    cases.add(
        of(
            "conv stem 7x7",
            Geometry.of(1, 33, 46).channels(3, 64).kernel(7).stride(2).padding(3),
            false));
    cases.add(
        of("conv patch 4x4", Geometry.of(1, 21, 30).channels(3, 96).kernel(4).stride(4), false));
    cases.add(
        of("conv down 2x2", Geometry.of(2, 9, 12).channels(24, 48).kernel(2).stride(2), false));
    cases.add(
        of("conv 1x1 stride 2", Geometry.of(2, 9, 7).channels(40, 48).kernel(1).stride(2), false));
    cases.add(
        of("conv 1x1 model sized", Geometry.of(1, 13, 17).channels(256, 512).kernel(1), true));
    cases.add(
        of(
            "conv 3x3 model sized",
            Geometry.of(1, 13, 17).channels(128, 128).kernel(3).padding(1),
            false));
    cases.add(
        of(
            "conv extra level",
            Geometry.of(1, 8, 10).channels(512, 256).kernel(3).stride(2).padding(1),
            false));
    cases.add(
        of(
            "conv dilated",
            Geometry.of(1, 10, 13).channels(20, 24).kernel(3).padding(2).dilation(2),
            true));
    cases.add(
        of(
            "conv dilated strided",
            Geometry.of(1, 15, 14).channels(6, 10).kernel(3).stride(2).padding(4).dilation(3),
            false));
    cases.add(
        of("conv one pixel", Geometry.of(2, 1, 1).channels(16, 24).kernel(3).padding(1), true));
    cases.add(
        of(
            "conv one pixel 7x7",
            Geometry.of(1, 1, 1).channels(3, 20).kernel(7).stride(2).padding(3),
            false));
    cases.add(
        of(
            "conv one row",
            Geometry.of(1, 1, 37).channels(9, 13).kernel(3).stride(2).padding(1),
            false));
    cases.add(
        of(
            "conv one column",
            Geometry.of(1, 37, 1).channels(9, 13).kernel(3).stride(2).padding(1),
            false));
    cases.add(
        of("conv wide padding", Geometry.of(1, 2, 3).channels(5, 7).kernel(3).padding(4), false));
    cases.add(of("conv no padding", Geometry.of(1, 9, 8).channels(5, 7).kernel(3), false));
    cases.add(
        of(
            "conv groups 2",
            Geometry.of(1, 7, 6).channels(10, 14).kernel(3).padding(1).groups(2),
            true));
    cases.add(
        of("conv groups 4 1x1", Geometry.of(2, 5, 6).channels(32, 64).kernel(1).groups(4), false));
    cases.add(
        of(
            "conv groups 32",
            Geometry.of(1, 8, 7).channels(128, 128).kernel(3).stride(2).padding(1).groups(32),
            false));
    cases.add(
        of(
            "conv channel multiplier",
            Geometry.of(1, 6, 5).channels(6, 12).kernel(3).padding(1).groups(6),
            false));
    cases.add(
        of(
            "conv depthwise 7x7",
            Geometry.of(2, 11, 13).channels(96, 96).kernel(7).padding(3).groups(96),
            false));
    cases.add(
        of(
            "conv depthwise stride 2",
            Geometry.of(1, 12, 9).channels(35, 35).kernel(3).stride(2).padding(1).groups(35),
            true));
    for (Activation activation : Activation.values()) {
      for (boolean residual : new boolean[] {false, true}) {
        Geometry geometry = Geometry.of(2, 6, 9).channels(13, 22).kernel(3).padding(1);
        String name = "conv " + activation + (residual ? " residual" : "");
        cases.add(of(name, geometry, activation, residual, false));
      }
    }
    cases.add(
        of(
            "conv residual in place",
            Geometry.of(2, 6, 9).channels(13, 22).kernel(3).padding(1),
            Activation.RELU,
            true,
            true));
    cases.add(
        of(
            "conv 1x1 residual in place",
            Geometry.of(1, 6, 9).channels(30, 44).kernel(1),
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
      cases.add(
          of(
              "conv squares in " + n,
              Geometry.of(1, 7, 8).channels(n, 33).kernel(3).padding(1),
              true));
      cases.add(
          of(
              "conv squares out " + n,
              Geometry.of(2, 8, 7).channels(16, n).kernel(3).padding(1),
              false));
      cases.add(
          of(
              "conv squares width " + n,
              Geometry.of(1, 5, n).channels(32, 48).kernel(3).padding(1),
              true));
      cases.add(
          of(
              "conv big squares in " + n,
              Geometry.of(1, 12, 16).channels(n, 33).kernel(3).padding(1),
              false));
      cases.add(
          of(
              "conv big squares out " + n,
              Geometry.of(2, 15, 16).channels(16, n).kernel(3).padding(1),
              true));
      cases.add(
          of(
              "conv big squares width " + n,
              Geometry.of(1, 24, n).channels(33, 50).kernel(3).padding(1),
              false));
    }
    cases.add(
        of(
            "conv squares one row",
            Geometry.of(1, 1, 37).channels(41, 65).kernel(3).padding(1),
            false));
    cases.add(
        of(
            "conv squares one column",
            Geometry.of(2, 37, 1).channels(33, 47).kernel(3).padding(1),
            true));
    cases.add(
        of("conv squares no padding", Geometry.of(1, 15, 14).channels(35, 66).kernel(3), false));
    cases.add(
        of(
            "conv squares padding 2",
            Geometry.of(2, 5, 8).channels(48, 35).kernel(3).padding(2),
            true));
    cases.add(
        of(
            "conv squares padding 5",
            Geometry.of(1, 2, 1).channels(37, 32).kernel(3).padding(5),
            false));
    cases.add(
        of(
            "conv squares many",
            Geometry.of(2, 41, 53).channels(64, 64).kernel(3).padding(1),
            true));
    cases.add(
        of(
            "conv big squares",
            Geometry.of(1, 25, 34).channels(256, 256).kernel(3).padding(1),
            true));
    cases.add(
        of(
            "conv big squares padding 3",
            Geometry.of(2, 11, 9).channels(40, 35).kernel(3).padding(3),
            false));
    cases.add(
        of(
            "conv squares deep",
            Geometry.of(1, 8, 10).channels(512, 512).kernel(3).padding(1),
            false));
    for (Activation activation : Activation.values()) {
      Geometry geometry = Geometry.of(2, 9, 13).channels(40, 70).kernel(3).padding(1);
      cases.add(of("conv squares in place " + activation, geometry, activation, true, true));
      Geometry big = Geometry.of(2, 13, 19).channels(40, 70).kernel(3).padding(1);
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
    Weight weight =
        builder.weight(
            "weight", -1, 1, g.out(), g.in() / g.groups(), g.window().height(), g.window().width());
    // Every third case has no bias, as the necks of one project.
    Weight bias = g.out() % 3 == 2 ? null : builder.weight("bias", -1, 1, g.out());
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
    builder.input(g.batch(), g.height(), g.width(), g.in());
    if (residual) {
      builder.input(g.batch(), g.outHeight(), g.outWidth(), g.out());
    }
    if (inPlace) {
      builder.alias(0, 1);
    }
    return builder.build(op(g, weight, bias, activation, residual), g.tolerance());
  }

  private static WeightedOp<Convolution> op(
      Geometry g, Weight weight, Weight bias, Activation activation, boolean residual) {
    Convolution plain =
        new Convolution(
            g.in(), g.out(), g.window(), g.groups(), bias != null, activation, residual);
    return bias == null ? WeightedOp.of(plain, weight) : WeightedOp.of(plain, weight, bias);
  }

  /** NaN and infinity reach the windows that hold them and no other. */
  private static OpCase notNumbers() {
    Geometry g = Geometry.of(1, 9, 11).channels(6, 21).kernel(3).padding(1);
    CaseBuilder builder = new CaseBuilder("conv with NaN and infinity");
    Weight weight = builder.weight("weight", -1, 1, g.out(), g.in(), 3, 3);
    builder
        .input(1, g.height(), g.width(), g.in())
        .put(0, (2 * g.width() + 3) * g.in(), Double.NaN)
        .put(0, (6 * g.width() + 8) * g.in() + 5, Double.POSITIVE_INFINITY);
    return builder.build(op(g, weight, null, Activation.RELU, false), Tolerance.ofSum(g.depth()));
  }

  /** NaN reaches all windows that hold it; so many pixels further are open, beyond is clean. */
  private static OpCase notNumberInSquare(int height, int width, int further) {
    Geometry g = Geometry.of(1, height, width).channels(33, 35).kernel(3).padding(1);
    int row = height / 2;
    int column = width / 2;
    CaseBuilder builder = new CaseBuilder("conv squares with NaN on " + height + " x " + width);
    Weight weight = builder.weight("weight", -1, 1, g.out(), g.in(), 3, 3);
    builder
        .input(1, g.height(), g.width(), g.in())
        .put(0, (row * g.width() + column) * g.in() + 32, Double.NaN)
        .unspecified((output, element, expected) -> {
          int pixel = element / g.out();
          int rows = Math.abs(pixel / g.width() - row);
          int columns = Math.abs(pixel % g.width() - column);
          int distance = Math.max(rows, columns);
          return distance > 1 && distance <= 1 + further;
        });
    return builder.build(op(g, weight, null, Activation.RELU, false), g.tolerance());
  }

  /** The pixels outside the map are zeros, and zero times infinity is NaN. */
  private static OpCase infiniteWeight() {
    Geometry g = Geometry.of(1, 4, 5).channels(3, 18).kernel(3).padding(1);
    CaseBuilder builder = new CaseBuilder("conv with an infinite weight");
    double[] values = builder.uniform((long) g.out() * g.in() * 9, -1, 1);
    values[5 * g.in() * 9] = Double.POSITIVE_INFINITY;
    return build(
        builder,
        g,
        builder.weight("weight", values, g.out(), g.in(), 3, 3),
        null,
        Activation.NONE,
        false,
        false);
  }
}
