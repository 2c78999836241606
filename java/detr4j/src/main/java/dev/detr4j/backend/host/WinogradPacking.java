package dev.detr4j.backend.host;

import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The weight layouts of Winograd's F(2x2, 3x3) and F(4x4, 3x3) (Lavin and Gray 2016): each 3x3
 * kernel {@code g} of a pair of channels as the matrix {@code U = G g G^T}, in panels as of {@link
 * PanelPacking}: panel 0 {@code [elements][inChannels][columns]}, panel 1, ... The elements are
 * those of {@code U}, row by row.
 *
 * <p>{@code U} is computed in double and rounded once, to fp32, and from there to the type that is
 * multiplied. The bias is {@link PanelPacking#bias}.
 */
public enum WinogradPacking {
  /** Squares of 2x2 outputs; 16 elements, 16/9 of the plain weights. */
  F2(
      2,
      new double[][] {
        {1, 0, 0},
        {1 / 2.0, 1 / 2.0, 1 / 2.0},
        {1 / 2.0, -1 / 2.0, 1 / 2.0},
        {0, 0, 1}
      }),

  /** Squares of 4x4 outputs; 36 elements, 4 times the plain weights. */
  F4(
      4,
      new double[][] {
        {1, 0, 0},
        {-1 / 3.0, -1 / 3.0, -1 / 3.0},
        {1 / 3.0, -1 / 3.0, 1 / 3.0},
        {1 / 15.0, 2 / 15.0, 4 / 15.0},
        {-16 / 15.0, 8 / 15.0, -4 / 15.0},
        {0, 0, 1}
      });

  private static final int TAPS = 9;

  private final int edge;
  private final int elements;

  /** G; never written. */
  @SuppressWarnings("ImmutableEnumChecker")
  private final double[][] transform;

  WinogradPacking(int edge, double[][] transform) {
    this.edge = edge;
    this.elements = transform.length * transform.length;
    this.transform = transform;
  }

  /** Whether an operation is one that these layouts are for: 3x3, stride, dilation and groups 1. */
  public static boolean fits(Convolution op) {
    KernelWindow window = op.window();
    return window.height() == 3
        && window.width() == 3
        && window.stride() == 1
        && window.dilation() == 1
        && op.groups() == 1;
  }

  /** The squares that cover a map of outputs. */
  public long squares(int height, int width) {
    return ((height + edge - 1L) / edge) * ((width + edge - 1L) / edge);
  }

  /** Outputs of a square along one axis. */
  public int edge() {
    return edge;
  }

  /** Elements of {@code U}: multiply-adds of a square of outputs for each pair of channels. */
  public int elements() {
    return elements;
  }

  /** The packed weight of a convolution that {@link #fits}. */
  public MemorySegment weight(
      HostWeights weights, Convolution op, Weight weight, int columns, ElementType products) {
    int inChannels = op.inChannels();
    int panels = PanelPacking.panels(op.outChannels(), 1, columns);
    PanelFormat format = PanelFormat.of(products);
    long panelBytes = elements * format.bytes(inChannels, columns);
    String layout = "winograd-panels/" + edge + "/" + products + "/" + columns;
    HostWeights.PartPacker packer =
        (panel, values, packed) -> {
          int first = panel * columns;
          packPanel(
              values.asSlice(4L * first * inChannels * TAPS),
              packed.asSlice(panel * panelBytes, panelBytes),
              Math.min(columns, op.outChannels() - first),
              inChannels,
              columns,
              format);
        };
    if (format != PanelFormat.F32) {
      return weights.packed(weight, layout, panels * panelBytes, panels, packer);
    }
    HostWeights.PartPacker swapped =
        (panel, values, packed) -> {
          int first = panel * columns;
          FloatPanels.packSquares(
              values.asSlice(4L * first * TAPS),
              packed.asSlice(panel * panelBytes, panelBytes),
              Math.min(columns, op.outChannels() - first),
              inChannels,
              transform,
              columns,
              op.outChannels());
        };
    return weights.packed(weight, layout, panels * panelBytes, panels, packer, swapped);
  }

  /**
   * One panel: {@code width} rows of {@code [channels][9]} become [elements][channels][columns].
   */
  private void packPanel(
      MemorySegment rows,
      MemorySegment panel,
      int width,
      int channels,
      int columns,
      PanelFormat format) {
    if (format == PanelFormat.F32) {
      FloatPanels.packSquares(rows, panel, width, channels, transform, columns, 0);
      return;
    }
    long elementBytes = format.bytes(channels, columns);
    double[] g = new double[TAPS];
    double[] u = new double[elements];
    for (int c = 0; c < channels; c++) {
      for (int j = 0; j < width; j++) {
        long source = ((long) j * channels + c) * TAPS;
        for (int t = 0; t < TAPS; t++) {
          g[t] = rows.getAtIndex(ValueLayout.JAVA_FLOAT, source + t);
        }
        transform(g, u);
        for (int e = 0; e < elements; e++) {
          MemorySegment element = panel.asSlice(e * elementBytes, elementBytes);
          format.put(element, columns, c, j, (float) u[e]);
        }
      }
    }
  }

  /** {@code u = G g G^T}. */
  private void transform(double[] g, double[] u) {
    int at = 0;
    for (double[] row : transform) {
      double left = row[0] * g[0] + row[1] * g[3] + row[2] * g[6];
      double middle = row[0] * g[1] + row[1] * g[4] + row[2] * g[7];
      double right = row[0] * g[2] + row[1] * g[5] + row[2] * g[8];
      for (double[] column : transform) {
        u[at++] = column[0] * left + column[1] * middle + column[2] * right;
      }
    }
  }
}
