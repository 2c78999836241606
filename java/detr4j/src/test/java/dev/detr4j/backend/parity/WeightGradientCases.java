package dev.detr4j.backend.parity;

import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.op.gradient.LinearWeightGradient;
import java.util.ArrayList;
import java.util.List;

/** Cases of the products that sum over rows. */
final class WeightGradientCases {
  private WeightGradientCases() {}

  static List<OpCase> linear() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(linear("rows " + n, 1, n, 20, 17, n % 2 == 0, RowMask.NONE));
      cases.add(linear("in " + n, 2, 9, n, 14, n % 2 == 1, RowMask.NONE));
      cases.add(linear("out " + n, 1, 11, 18, n, true, RowMask.NONE));
    }
    for (RowMask mask : List.of(RowMask.ZERO_INPUT, RowMask.ZERO_OUTPUT)) {
      cases.add(linear("mask " + mask, 2, 137, 48, 50, true, mask));
      cases.add(maskedNaN(mask));
    }
    cases.add(linear("model sized", 1, 300, 256, 384, true, RowMask.NONE));
    cases.add(linear("two blocks of channels", 1, 261, 97, 301, true, RowMask.NONE));
    // In place, as a plan does it: the new sums over the old ones.
    CaseBuilder builder = linearInputs("in place", 2, 29, 33, 45, true, RowMask.NONE);
    cases.add(
        builder
            .alias(0, 2)
            .alias(1, 3)
            .build(new LinearWeightGradient(Linear.of(33, 45).withBias()), Tolerance.ofSum(58)));
    return cases;
  }

  private static OpCase linear(
      String name, int batch, int rows, int in, int out, boolean bias, RowMask mask) {
    Linear plain = Linear.of(in, out).withRowMask(mask);
    return linearInputs(name, batch, rows, in, out, bias, mask)
        .build(
            new LinearWeightGradient(bias ? plain.withBias() : plain),
            Tolerance.ofSum(batch * rows));
  }

  private static CaseBuilder linearInputs(
      String name, int batch, int rows, int in, int out, boolean bias, RowMask mask) {
    CaseBuilder builder = new CaseBuilder("linear weight gradient " + name);
    builder.input(batch, rows, in).input(batch, rows, out);
    if (mask != RowMask.NONE) {
      builder.bytes(builder.mask(batch, rows), batch, rows);
    }
    builder.denseInput(builder.uniform((long) out * in, -1, 1), out, in);
    if (bias) {
      builder.denseInput(builder.uniform(out, -1, 1), 1, out);
    }
    return builder;
  }

  /** What a masked row of x holds does not matter. */
  private static OpCase maskedNaN(RowMask mask) {
    CaseBuilder builder = new CaseBuilder("linear weight gradient NaN behind " + mask);
    builder.input(1, 5, 19).input(1, 5, 21);
    builder.bytes(new double[] {1, 0, 1, 1, 0}, 1, 5);
    builder.denseInput(builder.uniform(21 * 19, -1, 1), 21, 19);
    builder.denseInput(builder.uniform(21, -1, 1), 1, 21);
    for (int c = 0; c < 19; c++) {
      builder.put(0, 19 + c, Double.NaN);
    }
    return builder.build(
        new LinearWeightGradient(Linear.of(19, 21).withRowMask(mask).withBias()),
        Tolerance.ofSum(5));
  }

  static List<OpCase> convolution() {
    List<OpCase> cases = new ArrayList<>();
    KernelWindow three = KernelWindow.square(3).withPadding(1);
    KernelWindow seven = KernelWindow.square(7).withPadding(3);
    for (int n = 1; n <= 40; n++) {
      cases.add(convolution("in " + n, 1, 5, 4, n, 7, three, n % 2 == 0, false));
      cases.add(convolution("out " + n, 1, 4, 5, 6, n, three, true, false));
      cases.add(convolution("width " + n, 1, 3, n, 9, 5, three, false, false));
      cases.add(convolution("depthwise " + n, 1, 6, 5, n, n, seven, n % 2 == 0, true));
    }
    cases.add(convolution("1x1", 2, 13, 11, 64, 48, KernelWindow.PIXEL, true, false));
    cases.add(
        convolution(
            "1x1 of stride 2", 1, 13, 10, 40, 33, KernelWindow.PIXEL.withStride(2), false, false));
    cases.add(convolution("3x3", 2, 12, 17, 64, 64, three, true, false));
    cases.add(convolution("3x3 of stride 2", 1, 11, 14, 33, 29, three.withStride(2), false, false));
    cases.add(
        convolution(
            "3x3 dilated",
            1,
            11,
            9,
            16,
            16,
            KernelWindow.square(3).withPadding(2).withDilation(2),
            false,
            false));
    cases.add(convolution("stem", 1, 23, 31, 3, 64, seven.withStride(2), false, false));
    cases.add(
        convolution(
            "patches", 1, 17, 13, 3, 40, KernelWindow.square(4).withStride(4), true, false));
    cases.add(convolution("one pixel", 1, 1, 1, 5, 5, three, true, false));
    cases.add(
        convolution(
            "wide kernel depthwise",
            1,
            9,
            12,
            20,
            20,
            KernelWindow.square(9).withPadding(4),
            true,
            true));
    return cases;
  }

  private static OpCase convolution(
      String name,
      int batch,
      int height,
      int width,
      int in,
      int out,
      KernelWindow window,
      boolean bias,
      boolean depthwise) {
    CaseBuilder builder = new CaseBuilder("convolution weight gradient " + name);
    Convolution plain = Convolution.of(in, out, window).withGroups(depthwise ? in : 1);
    Convolution op = bias ? plain.withBias() : plain;
    int outHeight = window.outHeight(height);
    int outWidth = window.outWidth(width);
    builder.input(batch, height, width, in).input(batch, outHeight, outWidth, out);
    int channels = depthwise ? 1 : in;
    builder.denseInput(
        builder.uniform((long) out * channels * window.area(), -1, 1),
        out,
        channels,
        window.height(),
        window.width());
    if (bias) {
      builder.denseInput(builder.uniform(out, -1, 1), 1, out);
    }
    return builder.build(
        new ConvolutionWeightGradient(op), Tolerance.ofSum(batch * outHeight * outWidth));
  }
}
