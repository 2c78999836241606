package dev.detr4j.model.graph;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * PyTorch's bicubic {@code interpolate} along one axis, as a matrix: what each of {@code to}
 * outputs takes of {@code from} inputs. Cells are as wide as the axis has room for ({@code
 * align_corners} is false).
 *
 * <p>The filter is Keys' cubic (1981), {@code (a + 2) x^3 - (a + 3) x^2 + 1} up to 1 and {@code a
 * x^3 - 5 a x^2 + 8 a x - 4 a} up to 2. With antialiasing a is -0.5, the filter is as much wider as
 * the axis gets shorter, what lies outside is left out, and weights are divided by their sum.
 * Without, a is -0.75, there are four inputs whatever the extents, and those outside repeat the
 * outermost.
 */
final class CubicResampling {
  private final int from;
  private final int to;
  private final double[] weights;

  CubicResampling(int from, int to, boolean antialias) {
    this.from = from;
    this.to = to;
    weights = new double[from * to];
    for (int i = 0; i < to; i++) {
      if (antialias) {
        widened(i);
      } else {
        fourTaps(i);
      }
    }
  }

  /** The part of an input in an output. */
  double weight(int output, int input) {
    return weights[output * from + input];
  }

  private void widened(int output) {
    double scale = (double) from / to;
    double stretch = Math.max(scale, 1);
    double centre = scale * (output + 0.5);
    int first = Math.max((int) (centre - 2 * stretch + 0.5), 0);
    int end = Math.min((int) (centre + 2 * stretch + 0.5), from);
    double sum = 0;
    for (int j = first; j < end; j++) {
      double weight = cubic((j + 0.5 - centre) / stretch, -0.5);
      weights[output * from + j] = weight;
      sum += weight;
    }
    for (int j = first; j < end; j++) {
      weights[output * from + j] /= sum;
    }
  }

  private void fourTaps(int output) {
    double position = (double) from / to * (output + 0.5) - 0.5;
    int below = (int) Math.floor(position);
    for (int j = below - 1; j <= below + 2; j++) {
      weights[output * from + Math.clamp(j, 0, from - 1)] += cubic(position - j, -0.75);
    }
  }

  private static double cubic(double distance, double a) {
    double x = Math.abs(distance);
    if (x < 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  }

  /**
   * Resamples a square map of channels, rows first.
   *
   * @param cells fp32 {@code [side, side, channels]}
   * @param destination fp32 {@code [vertical.to, horizontal.to, channels]}
   */
  static void map(
      MemorySegment cells,
      int side,
      int channels,
      CubicResampling vertical,
      CubicResampling horizontal,
      MemorySegment destination) {
    float[] source = new float[side * side * channels];
    MemorySegment.copy(cells, ValueLayout.JAVA_FLOAT, 0, source, 0, source.length);
    double[] row = new double[side * channels];
    double[] cell = new double[channels];
    float[] out = new float[horizontal.to * channels];
    for (int y = 0; y < vertical.to; y++) {
      Arrays.fill(row, 0);
      for (int j = 0; j < side; j++) {
        double weight = vertical.weight(y, j);
        for (int i = 0; weight != 0 && i < row.length; i++) {
          row[i] += weight * source[j * row.length + i];
        }
      }
      for (int x = 0; x < horizontal.to; x++) {
        Arrays.fill(cell, 0);
        for (int j = 0; j < side; j++) {
          double weight = horizontal.weight(x, j);
          for (int c = 0; weight != 0 && c < channels; c++) {
            cell[c] += weight * row[j * channels + c];
          }
        }
        for (int c = 0; c < channels; c++) {
          out[x * channels + c] = (float) cell[c];
        }
      }
      MemorySegment.copy(
          out, 0, destination, ValueLayout.JAVA_FLOAT, 4L * y * out.length, out.length);
    }
  }
}
