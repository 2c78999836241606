package dev.detr4j.backend.vector;

/**
 * Where the input pixels of an output pixel lie: the extents of a convolution.
 *
 * <p>A linear layer is a map of {@code rows} x 1 pixels under a 1 x 1 kernel.
 */
record Window(
    int inHeight,
    int inWidth,
    int outHeight,
    int outWidth,
    int kernelHeight,
    int kernelWidth,
    int stride,
    int padding,
    int dilation) {
  static Window ofRows(int rows) {
    return new Window(rows, 1, rows, 1, 1, 1, 1, 0, 1);
  }

  int pixels() {
    return outHeight * outWidth;
  }

  int kernelArea() {
    return kernelHeight * kernelWidth;
  }

  /** The input row under a kernel row; may lie outside the map. */
  int row(int outRow, int kernelRow) {
    return outRow * stride - padding + kernelRow * dilation;
  }

  /** The input column under a kernel column; may lie outside the map. */
  int column(int outColumn, int kernelColumn) {
    return outColumn * stride - padding + kernelColumn * dilation;
  }

  boolean inside(int row, int column) {
    return row >= 0 && row < inHeight && column >= 0 && column < inWidth;
  }
}
