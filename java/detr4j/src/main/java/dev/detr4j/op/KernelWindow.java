package dev.detr4j.op;

/**
 * Where the taps of a convolution lie: which pixels of a map are under its kernel.
 *
 * @param height rows of the kernel
 * @param width columns of the kernel
 * @param stride pixels from one window to the next, along both axes
 * @param padding zeros around the map, on every side
 * @param dilation pixels from one tap to the next, along both axes
 */
public record KernelWindow(int height, int width, int stride, int padding, int dilation) {
  /** One pixel: the window of a 1x1 convolution. */
  public static final KernelWindow PIXEL = square(1);

  /** Checks the ranges. */
  public KernelWindow {
    OpSpec.require(height >= 1 && width >= 1, "a kernel has pixels", height + "x" + width);
    OpSpec.require(stride >= 1, "stride is at least 1", stride);
    OpSpec.require(padding >= 0, "padding is at least 0", padding);
    OpSpec.require(dilation >= 1, "dilation is at least 1", dilation);
  }

  /** A square window of stride 1, without padding and dilation. */
  public static KernelWindow square(int size) {
    return new KernelWindow(size, size, 1, 0, 1);
  }

  /** The same with another stride. */
  public KernelWindow withStride(int pixels) {
    return new KernelWindow(height, width, pixels, padding, dilation);
  }

  /** The same with another padding. */
  public KernelWindow withPadding(int pixels) {
    return new KernelWindow(height, width, stride, pixels, dilation);
  }

  /** The same with another dilation. */
  public KernelWindow withDilation(int pixels) {
    return new KernelWindow(height, width, stride, padding, pixels);
  }

  /** Taps of the kernel. */
  public int area() {
    return height * width;
  }

  /** Rows of the output for so many rows of the map; below 1 where the kernel does not fit. */
  public int outHeight(int rows) {
    return extent(rows, height);
  }

  /**
   * Columns of the output for so many columns of the map; below 1 where the kernel does not fit.
   */
  public int outWidth(int columns) {
    return extent(columns, width);
  }

  private int extent(int in, int taps) {
    return Math.floorDiv(in + 2 * padding - dilation * (taps - 1) - 1, stride) + 1;
  }
}
