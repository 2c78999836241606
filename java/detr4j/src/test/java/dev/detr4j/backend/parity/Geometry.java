package dev.detr4j.backend.parity;

import dev.detr4j.op.KernelWindow;

/**
 * The geometry of a convolution case; a 1x1 kernel of stride 1 without padding unless it says
 * otherwise.
 */
record Geometry(
    int batch, int height, int width, int in, int out, KernelWindow window, int groups) {
  static Geometry of(int batch, int height, int width) {
    return new Geometry(batch, height, width, 1, 1, KernelWindow.square(1), 1);
  }

  Geometry channels(int from, int to) {
    return new Geometry(batch, height, width, from, to, window, groups);
  }

  Geometry kernel(int extent) {
    return with(KernelWindow.square(extent));
  }

  Geometry stride(int pixels) {
    return with(window.withStride(pixels));
  }

  Geometry padding(int pixels) {
    return with(window.withPadding(pixels));
  }

  Geometry dilation(int pixels) {
    return with(window.withDilation(pixels));
  }

  Geometry groups(int count) {
    return new Geometry(batch, height, width, in, out, window, count);
  }

  private Geometry with(KernelWindow other) {
    return new Geometry(batch, height, width, in, out, other, groups);
  }

  int outHeight() {
    return window.outHeight(height);
  }

  int outWidth() {
    return window.outWidth(width);
  }

  int depth() {
    return in / groups * window.area();
  }

  /** That of Winograd's F(4x4, 3x3) where a backend may choose it. */
  Tolerance tolerance() {
    boolean fits =
        window.equals(KernelWindow.square(3).withPadding(window.padding())) && groups == 1;
    int squares = ((outHeight() + 3) / 4) * ((outWidth() + 3) / 4);
    return fits && Math.min(in, out) >= 16 && in * out <= 256 * 256 && squares >= 12
        ? Tolerance.ofSquares(depth())
        : Tolerance.ofSum(depth());
  }
}
