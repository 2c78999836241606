package dev.detr4j.backend.host;

import dev.detr4j.Precision;
import dev.detr4j.op.Convolution;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * The weight layout of Winograd's F(2x2, 3x3) (Lavin and Gray 2016): each 3x3 kernel {@code g} of a
 * pair of channels as the 4x4 matrix {@code U = G g G^T}, in panels as of {@link PanelPacking}.
 *
 * <pre>
 *        1    0    0
 *   G = 1/2  1/2  1/2      panel 0 [16][inChannels][columns], panel 1, ...
 *       1/2 -1/2  1/2
 *        0    0    1       The 16 are U's elements, row by row.
 * </pre>
 *
 * {@code U} is computed in double and rounded once, to fp32 and from there to bf16 where the
 * products are. The bias is {@link PanelPacking#bias}.
 */
public final class WinogradPacking {
  /** Elements of {@code U}: multiply-adds of a 2x2 square of outputs for each pair of channels. */
  public static final int ELEMENTS = 16;

  private static final int TAPS = 9;

  private WinogradPacking() {}

  /** Whether an operation is one that this layout is for: 3x3, stride, dilation and groups 1. */
  public static boolean fits(Convolution op) {
    return op.kernelHeight() == 3
        && op.kernelWidth() == 3
        && op.stride() == 1
        && op.dilation() == 1
        && op.groups() == 1;
  }

  /** The packed weight in fp32 of a convolution that {@link #fits}. */
  public static MemorySegment weight(HostWeights weights, Convolution op, int columns) {
    return weight(weights, op, columns, Precision.FP32);
  }

  /** The packed weight of a convolution that {@link #fits}. */
  public static MemorySegment weight(
      HostWeights weights, Convolution op, int columns, Precision precision) {
    int inChannels = op.inChannels();
    int panels = PanelPacking.panels(op.outChannels(), 1, columns);
    long elementSize = PanelWords.rows(precision, inChannels) * columns;
    long panelSize = ELEMENTS * elementSize;
    return weights.packed(
        op.weight(),
        "winograd-panels/" + precision.id() + "/" + columns,
        4L * panels * panelSize,
        (values, packed) -> {
          if (values == null) {
            return;
          }
          IntStream.range(0, panels)
              .parallel()
              .forEach(panel -> {
                int first = panel * columns;
                packPanel(
                    values.asSlice(4L * first * inChannels * TAPS),
                    packed.asSlice(4L * panel * panelSize, 4 * panelSize),
                    Math.min(columns, op.outChannels() - first),
                    inChannels,
                    columns,
                    precision);
              });
        });
  }

  /** One panel: {@code width} rows of {@code [channels][9]} become [16][channels][columns]. */
  private static void packPanel(
      MemorySegment rows,
      MemorySegment panel,
      int width,
      int channels,
      int columns,
      Precision precision) {
    long elementBytes = 4 * PanelWords.rows(precision, channels) * columns;
    double[] g = new double[TAPS];
    double[] u = new double[ELEMENTS];
    for (int c = 0; c < channels; c++) {
      for (int j = 0; j < width; j++) {
        long source = ((long) j * channels + c) * TAPS;
        for (int t = 0; t < TAPS; t++) {
          g[t] = rows.getAtIndex(ValueLayout.JAVA_FLOAT, source + t);
        }
        transform(g, u);
        for (int e = 0; e < ELEMENTS; e++) {
          MemorySegment element = panel.asSlice(e * elementBytes, elementBytes);
          PanelWords.put(precision, element, columns, c, j, (float) u[e]);
        }
      }
    }
  }

  /** {@code u = G g G^T}. */
  private static void transform(double[] g, double[] u) {
    for (int row = 0; row < 4; row++) {
      double left = timesG(g[0], g[3], g[6], row);
      double middle = timesG(g[1], g[4], g[7], row);
      double right = timesG(g[2], g[5], g[8], row);
      for (int column = 0; column < 4; column++) {
        u[4 * row + column] = timesG(left, middle, right, column);
      }
    }
  }

  /** One row of {@code G} times a vector of three. */
  private static double timesG(double a, double b, double c, int row) {
    return switch (row) {
      case 0 -> a;
      case 1 -> (a + b + c) / 2;
      case 2 -> (a - b + c) / 2;
      default -> c;
    };
  }
}
