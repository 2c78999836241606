package dev.detr4j.backend.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The panels of {@link PanelPacking} and {@link WinogradPacking} in fp32, packed through arrays, a
 * block of channels at a time: a training packs every weight twice a step, and element by element
 * through segments takes ten times as long.
 */
final class FloatPanels {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

  /** Channels of a block of squares: their nine doubles a kernel stay in the second cache. */
  private static final int BLOCK = 16;

  /**
   * Numbers of an output channel in a block: short copies would take longer than what they copy.
   */
  private static final int RUN = 256;

  private static final int TAPS = 9;

  private static final class Arrays {
    private float[] from = {};
    private float[] to = {};
    private double[][] kernels = new double[TAPS][0];
    private double[][] halves = new double[3][0];

    float[] from(int count) {
      if (from.length < count) {
        from = new float[count];
      }
      return from;
    }

    float[] to(int count) {
      if (to.length < count) {
        to = new float[count];
      }
      return to;
    }

    double[][] kernels(int count) {
      if (kernels[0].length < count) {
        kernels = new double[TAPS][count];
      }
      return kernels;
    }

    double[][] halves(int count) {
      if (halves[0].length < count) {
        halves = new double[3][count];
      }
      return halves;
    }
  }

  private static final ThreadLocal<Arrays> OF_THREAD = ThreadLocal.withInitial(Arrays::new);

  /**
   * Where the values of a panel lie in the block of channels that was read: a column's first is
   * {@code column * columns + channel * channels + first}, its further taps are {@code step} apart.
   */
  private record Order(int columns, int channels, int first, int step) {
    static Order of(boolean swapped, int width, int block, int taps) {
      return swapped
          ? new Order(taps, width * taps, taps - 1, -1)
          : new Order(block * taps, taps, 0, 1);
    }
  }

  private FloatPanels() {}

  /**
   * {@code width} output channels become {@code [taps][channels][columns]}.
   *
   * @param values of the weight, {@code [outChannels][channels][taps]}, from the first of these
   *     output channels on; or those of the {@link dev.detr4j.tensor.Weight#swapped} one, {@code
   *     [channels][outChannels][taps]}, from the first on
   * @param outChannels of a swapped weight, otherwise 0
   */
  static void pack(
      MemorySegment values,
      MemorySegment panel,
      int width,
      int channels,
      int taps,
      int columns,
      int outChannels) {
    if (taps == 1 && outChannels > 0) {
      for (int c = 0; c < channels; c++) {
        MemorySegment.copy(
            values, 4L * c * outChannels, panel, 4L * c * columns, Float.BYTES * (long) width);
      }
      return;
    }
    int block = Math.max(1, RUN / taps);
    Arrays arrays = OF_THREAD.get();
    float[] from = arrays.from(block * taps * width);
    float[] to = arrays.to(block * taps * columns);
    java.util.Arrays.fill(to, 0, block * taps * columns, 0);
    Order order = Order.of(outChannels > 0, width, block, taps);
    for (int first = 0; first < channels; first += block) {
      int count = Math.min(block, channels - first);
      read(values, from, width, channels, taps, block, first, count, outChannels);
      for (int j = 0; j < width; j++) {
        spread(from, order, to, j, block, count, taps, columns);
      }
      for (int t = 0; t < taps; t++) {
        MemorySegment.copy(
            to,
            t * block * columns,
            panel,
            F32,
            4L * ((long) t * channels + first) * columns,
            count * columns);
      }
    }
  }

  /**
   * Some channels: {@code [width][block][taps]}, of a swapped weight {@code [block][width][taps]}.
   */
  private static void read(
      MemorySegment values,
      float[] from,
      int width,
      int channels,
      int taps,
      int block,
      int first,
      int count,
      int outChannels) {
    if (outChannels > 0) {
      for (int c = 0; c < count; c++) {
        long at = 4L * ((long) (first + c) * outChannels) * taps;
        MemorySegment.copy(values, F32, at, from, c * width * taps, width * taps);
      }
    } else {
      for (int j = 0; j < width; j++) {
        long at = 4L * ((long) j * channels + first) * taps;
        MemorySegment.copy(values, F32, at, from, j * block * taps, count * taps);
      }
    }
  }

  private static void spread(
      float[] from,
      Order order,
      float[] to,
      int column,
      int block,
      int count,
      int taps,
      int columns) {
    int at = column * order.columns + order.first;
    int step = order.step;
    for (int c = 0; c < count; c++, at += order.channels) {
      for (int t = 0; t < taps; t++) {
        to[(t * block + c) * columns + column] = from[at + t * step];
      }
    }
  }

  /**
   * {@code width} output channels of 3x3 kernels become {@code [elements][channels][columns]}, the
   * elements of {@code U = G g G^T}. All kernels of a block go through a step together, in loops
   * that HotSpot makes vectors of; each number is made as {@link WinogradPacking} makes it.
   *
   * @param values as of {@link #pack}
   * @param transform G
   */
  static void packSquares(
      MemorySegment values,
      MemorySegment panel,
      int width,
      int channels,
      double[][] transform,
      int columns,
      int outChannels) {
    int edge = transform.length;
    int block = BLOCK * columns;
    Arrays arrays = OF_THREAD.get();
    float[] from = arrays.from(BLOCK * TAPS * width);
    float[] to = arrays.to(block);
    double[][] kernel = arrays.kernels(block);
    double[][] half = arrays.halves(block);
    Order order = Order.of(outChannels > 0, width, BLOCK, TAPS);
    for (int first = 0; first < channels; first += BLOCK) {
      int count = Math.min(BLOCK, channels - first);
      int used = count * columns;
      read(values, from, width, channels, TAPS, BLOCK, first, count, outChannels);
      for (int t = 0; t < TAPS; t++) {
        gather(from, order, t, kernel[t], count, width, columns);
      }
      for (int r = 0; r < edge; r++) {
        for (int k = 0; k < 3; k++) {
          combine(transform[r], kernel[k], kernel[3 + k], kernel[6 + k], half[k], used);
        }
        for (int e = 0; e < edge; e++) {
          combine(transform[e], half[0], half[1], half[2], to, used);
          long at = 4L * ((long) (r * edge + e) * channels + first) * columns;
          MemorySegment.copy(to, 0, panel, F32, at, used);
        }
      }
    }
  }

  /** One tap of all kernels of a block, {@code [count][columns]}; zero past the last column. */
  private static void gather(
      float[] from, Order order, int tap, double[] to, int count, int width, int columns) {
    for (int c = 0; c < count; c++) {
      int at = c * order.channels + order.first + tap * order.step;
      int row = c * columns;
      for (int j = 0; j < width; j++) {
        to[row + j] = from[at + j * order.columns];
      }
      for (int j = width; j < columns; j++) {
        to[row + j] = 0;
      }
    }
  }

  private static void combine(
      double[] factors, double[] a, double[] b, double[] c, double[] out, int count) {
    double fa = factors[0];
    double fb = factors[1];
    double fc = factors[2];
    for (int j = 0; j < count; j++) {
      out[j] = fa * a[j] + fb * b[j] + fc * c[j];
    }
  }

  private static void combine(
      double[] factors, double[] a, double[] b, double[] c, float[] out, int count) {
    double fa = factors[0];
    double fb = factors[1];
    double fc = factors[2];
    for (int j = 0; j < count; j++) {
      out[j] = (float) (fa * a[j] + fb * b[j] + fc * c[j]);
    }
  }
}
