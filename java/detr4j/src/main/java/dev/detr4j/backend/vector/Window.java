package dev.detr4j.backend.vector;

import dev.detr4j.op.KernelWindow;
import dev.detr4j.tensor.Shape;

/**
 * Where the input pixels of an output pixel lie: the extents of the maps and the window between
 * them.
 *
 * <p>A linear layer is a map of {@code rows} x 1 pixels under a 1 x 1 kernel.
 */
record Window(int inHeight, int inWidth, int outHeight, int outWidth, KernelWindow kernel) {
  /** Between two maps {@code [N, H, W, C]}. */
  static Window between(Shape in, Shape out, KernelWindow kernel) {
    return new Window(in.get(1), in.get(2), out.get(1), out.get(2), kernel);
  }

  static Window ofRows(int rows) {
    return new Window(rows, 1, rows, 1, KernelWindow.PIXEL);
  }

  int pixels() {
    return outHeight * outWidth;
  }

  int kernelHeight() {
    return kernel.height();
  }

  int kernelWidth() {
    return kernel.width();
  }

  int kernelArea() {
    return kernel.area();
  }

  int dilation() {
    return kernel.dilation();
  }

  /** The input row under a kernel row; may lie outside the map. */
  int row(int outRow, int kernelRow) {
    return outRow * kernel.stride() - kernel.padding() + kernelRow * kernel.dilation();
  }

  /** The input column under a kernel column; may lie outside the map. */
  int column(int outColumn, int kernelColumn) {
    return outColumn * kernel.stride() - kernel.padding() + kernelColumn * kernel.dilation();
  }

  boolean inside(int row, int column) {
    return row >= 0 && row < inHeight && column >= 0 && column < inWidth;
  }
}
