package dev.detr4j.backend.host;

import dev.detr4j.op.Convolution;
import dev.detr4j.op.Linear;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The weight layout of the register-tiled kernels: panels of as many output channels as one
 * register tile is wide.
 *
 * <pre>
 *   group 0: panel 0 [kernelHeight][kernelWidth][channels of a group][columns], panel 1, ...   group 1: ...
 *   bias:    [groups][panels of a group][columns]
 * </pre>
 *
 * {@link PanelFormat} says how the values of a column lie for each type that is multiplied. The
 * last panel of a group is padded with zeros, so a kernel reads whole vectors and masks only its
 * stores.
 */
public final class PanelPacking {
  private PanelPacking() {}

  /** Panels of one group. */
  public static int panels(int outChannels, int groups, int columns) {
    return (outChannels / groups + columns - 1) / columns;
  }

  /** The packed weight of a convolution. */
  public static MemorySegment weight(
      HostWeights weights, Convolution op, Weight weight, int columns, ElementType products) {
    Extents extents =
        new Extents(
            op.outChannels(), op.inChannels() / op.groups(), op.window().area(), op.groups());
    return pack(weights, weight, extents, columns, products);
  }

  /** The packed weight of a linear layer. */
  public static MemorySegment weight(
      HostWeights weights, Linear op, Weight weight, int columns, ElementType products) {
    return pack(
        weights, weight, new Extents(op.outFeatures(), op.inFeatures(), 1, 1), columns, products);
  }

  /**
   * A weight {@code [outChannels][inChannels][taps]}.
   *
   * @param inChannels of one group
   */
  private record Extents(int outChannels, int inChannels, int taps, int groups) {
    int groupChannels() {
      return outChannels / groups;
    }
  }

  /** The packed bias, or null when there is none. */
  public static @Nullable MemorySegment bias(
      HostWeights weights, @Nullable Weight bias, int outChannels, int groups, int columns) {
    if (bias == null) {
      return null;
    }
    int panels = panels(outChannels, groups, columns);
    int groupChannels = outChannels / groups;
    return weights.packed(
        bias,
        "panel-bias/" + groups + "/" + columns,
        4L * groups * panels * columns,
        (values, packed) -> {
          for (int g = 0; g < groups; g++) {
            MemorySegment.copy(
                values,
                4L * g * groupChannels,
                packed,
                4L * g * panels * columns,
                4L * groupChannels);
          }
        });
  }

  private static MemorySegment pack(
      HostWeights weights, Weight weight, Extents of, int columns, ElementType products) {
    int panels = panels(of.outChannels, of.groups, columns);
    PanelFormat format = PanelFormat.of(products);
    long panelBytes = format.bytes((long) of.taps * of.inChannels, columns);
    long bytes = (long) of.groups * panels * panelBytes;
    HostWeights.PartPacker packer =
        (panel, values, packed) -> {
          int first = (panel % panels) * columns;
          int width = Math.min(columns, of.groupChannels() - first);
          long row = (long) (panel / panels) * of.groupChannels() + first;
          packPanel(
              values.asSlice(4 * row * of.inChannels * of.taps),
              packed.asSlice(panel * panelBytes, panelBytes),
              width,
              of,
              columns,
              format);
        };
    String layout = "panels/" + products + "/" + of.groups + "/" + columns;
    if (format != PanelFormat.F32 || of.groups != 1) {
      return weights.packed(weight, layout, bytes, of.groups * panels, packer);
    }
    HostWeights.PartPacker swapped =
        (panel, values, packed) -> {
          int first = panel * columns;
          FloatPanels.pack(
              values.asSlice(4L * first * of.taps),
              packed.asSlice(panel * panelBytes, panelBytes),
              Math.min(columns, of.outChannels - first),
              of.inChannels,
              of.taps,
              columns,
              of.outChannels);
        };
    return weights.packed(weight, layout, bytes, panels, packer, swapped);
  }

  /**
   * One panel: {@code width} rows of {@code [channels][taps]} become {@code
   * [taps][channels][columns]}.
   */
  private static void packPanel(
      MemorySegment rows,
      MemorySegment panel,
      int width,
      Extents of,
      int columns,
      PanelFormat format) {
    int channels = of.inChannels;
    int taps = of.taps;
    if (format == PanelFormat.F32) {
      FloatPanels.pack(rows, panel, width, channels, taps, columns, 0);
      return;
    }
    long k = 0;
    for (int t = 0; t < taps; t++) {
      for (int c = 0; c < channels; c++) {
        long source = (long) c * taps + t;
        for (int j = 0; j < width; j++) {
          float value =
              rows.getAtIndex(ValueLayout.JAVA_FLOAT, source + (long) j * channels * taps);
          format.put(panel, columns, k, j, value);
        }
        k++;
      }
    }
  }
}
