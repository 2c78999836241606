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

  /** Channels of a block: its numbers stay in the second cache. */
  private static final int BLOCK = 32;

  private static final int TAPS = 9;

  private static final class Arrays {
    private float[] from = {};
    private float[] to = {};

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
  }

  private static final ThreadLocal<Arrays> OF_THREAD = ThreadLocal.withInitial(Arrays::new);

  private FloatPanels() {}

  /** {@code width} rows of {@code [channels][taps]} become {@code [taps][channels][columns]}. */
  static void pack(
      MemorySegment rows, MemorySegment panel, int width, int channels, int taps, int columns) {
    Arrays arrays = OF_THREAD.get();
    float[] from = arrays.from(BLOCK * taps * width);
    float[] to = arrays.to(BLOCK * taps * columns);
    java.util.Arrays.fill(to, 0, BLOCK * taps * columns, 0);
    for (int first = 0; first < channels; first += BLOCK) {
      int count = Math.min(BLOCK, channels - first);
      read(rows, from, width, channels, taps, first, count);
      for (int j = 0; j < width; j++) {
        spread(from, j * BLOCK * taps, to, j, count, taps, columns);
      }
      for (int t = 0; t < taps; t++) {
        MemorySegment.copy(
            to,
            t * BLOCK * columns,
            panel,
            F32,
            4L * ((long) t * channels + first) * columns,
            count * columns);
      }
    }
  }

  /** Some channels of each row, in {@code [width][BLOCK][taps]}. */
  private static void read(
      MemorySegment rows, float[] from, int width, int channels, int taps, int first, int count) {
    for (int j = 0; j < width; j++) {
      MemorySegment.copy(
          rows,
          F32,
          4L * ((long) j * channels + first) * taps,
          from,
          j * BLOCK * taps,
          count * taps);
    }
  }

  private static void spread(
      float[] from, int at, float[] to, int column, int count, int taps, int columns) {
    if (taps == 1) {
      for (int c = 0; c < count; c++) {
        to[c * columns + column] = from[at + c];
      }
      return;
    }
    for (int c = 0; c < count; c++) {
      for (int t = 0; t < taps; t++) {
        to[(t * BLOCK + c) * columns + column] = from[at + c * taps + t];
      }
    }
  }

  /**
   * {@code width} rows of {@code [channels][9]} become {@code [elements][channels][columns]}, the
   * elements of {@code U = G g G^T}. All columns of a channel go through a step together, in loops
   * that HotSpot makes vectors of; each number is made as {@link WinogradPacking} makes it.
   *
   * @param transform G
   */
  static void packSquares(
      MemorySegment rows,
      MemorySegment panel,
      int width,
      int channels,
      double[][] transform,
      int columns) {
    int edge = transform.length;
    int elements = edge * edge;
    Arrays arrays = OF_THREAD.get();
    float[] from = arrays.from(BLOCK * TAPS * width);
    float[] to = arrays.to(BLOCK * elements * columns);
    java.util.Arrays.fill(to, 0, BLOCK * elements * columns, 0);
    double[][] kernel = new double[TAPS][width];
    double[][] half = new double[3][width];
    for (int first = 0; first < channels; first += BLOCK) {
      int count = Math.min(BLOCK, channels - first);
      read(rows, from, width, channels, TAPS, first, count);
      for (int c = 0; c < count; c++) {
        for (int j = 0; j < width; j++) {
          int at = (j * BLOCK + c) * TAPS;
          for (int t = 0; t < TAPS; t++) {
            kernel[t][j] = from[at + t];
          }
        }
        for (int r = 0; r < edge; r++) {
          for (int k = 0; k < 3; k++) {
            combine(transform[r], kernel[k], kernel[3 + k], kernel[6 + k], half[k], width);
          }
          for (int e = 0; e < edge; e++) {
            int at = ((r * edge + e) * BLOCK + c) * columns;
            combine(transform[e], half[0], half[1], half[2], to, at, width);
          }
        }
      }
      for (int e = 0; e < elements; e++) {
        MemorySegment.copy(
            to,
            e * BLOCK * columns,
            panel,
            F32,
            4L * ((long) e * channels + first) * columns,
            count * columns);
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
      double[] factors, double[] a, double[] b, double[] c, float[] out, int at, int count) {
    double fa = factors[0];
    double fb = factors[1];
    double fc = factors[2];
    for (int j = 0; j < count; j++) {
      out[at + j] = (float) (fa * a[j] + fb * b[j] + fc * c[j]);
    }
  }
}
