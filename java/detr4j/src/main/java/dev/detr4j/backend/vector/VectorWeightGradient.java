package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.op.gradient.LinearWeightGradient;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * {@link ConvolutionWeightGradient} and {@link LinearWeightGradient}: products that sum over rows,
 * as {@code native/src/kernels/weight_gradient.c} plans them. A tile takes some output channels and
 * some panels of (tap, channel); it packs blocks of rows of x and dz, and keeps its sums in
 * scratch. The order of a sum is that of the rows, however the work is cut.
 */
final class VectorWeightGradient {
  private static final int TILE_COLUMNS = RegisterTile.TILE_COLUMNS;
  private static final int TILE_ROWS = RegisterTile.TILE_ROWS;

  /** Rows of a block: a panel of them stays in the first cache. */
  private static final int ROWS = 128;

  private static final int PANELS = 4;
  private static final int CHANNELS = 16 * TILE_ROWS;

  private VectorWeightGradient() {}

  /** Of convolutions. */
  static final class OfConvolution implements HostOp<ConvolutionWeightGradient> {
    @Override
    public @Nullable String refusal(ConvolutionWeightGradient op) {
      return op.of().groups() == 1 || op.of().isDepthwise()
          ? null
          : "backend vector has no weight gradient of convolutions in %d groups"
              .formatted(op.of().groups());
    }

    @Override
    public List<HostKernel> bind(
        ConvolutionWeightGradient op,
        BoundNode node,
        HostContext context,
        MemorySegment workspace) {
      Convolution of = op.of();
      Shape in = node.input(0).shape();
      Shape out = node.input(1).shape();
      Geometry geometry =
          new Geometry(
              in.get(0),
              in.get(1),
              in.get(2),
              of.inChannels(),
              out.get(1),
              out.get(2),
              of.outChannels(),
              of.window());
      Sums sums = Sums.of(node, 2);
      Rows x = Rows.of(node.input(0));
      Rows dz = Rows.of(node.input(1));
      return List.of(
          of.isDepthwise() && of.groups() > 1
              ? new DepthwiseWeightGradient(geometry, x, dz, sums)
              : new Product(geometry, x, dz, Rows.none(), RowMask.NONE, sums));
    }
  }

  /** Of linear layers: convolutions of one pixel over rows. */
  static final class OfLinear implements HostOp<LinearWeightGradient> {
    @Override
    public List<HostKernel> bind(
        LinearWeightGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
      Linear of = op.of();
      int rows = Math.toIntExact(node.input(0).rows());
      return List.of(
          new Product(
              new Geometry(
                  node.input(0).batch(),
                  rows,
                  1,
                  of.inFeatures(),
                  rows,
                  1,
                  of.outFeatures(),
                  KernelWindow.PIXEL),
              Rows.of(node.input(0)),
              Rows.of(node.input(1)),
              op.operands() == 2 ? Rows.none() : Rows.of(node.input(2)),
              of.rowMask(),
              Sums.of(node, op.operands())));
    }
  }

  /** Extents of x and dz. */
  record Geometry(
      int batch,
      int inHeight,
      int inWidth,
      int inChannels,
      int outHeight,
      int outWidth,
      int outChannels,
      KernelWindow window) {
    int pixels() {
      return outHeight * outWidth;
    }

    int depth() {
      return window.area() * inChannels;
    }

    /** The row of the map under a tap, or one outside it. */
    int inRow(int outRow, int tapRow) {
      return outRow * window.stride() - window.padding() + tapRow * window.dilation();
    }

    /** The column of the map under a tap, or one outside it. */
    int inColumn(int outColumn, int tapColumn) {
      return outColumn * window.stride() - window.padding() + tapColumn * window.dilation();
    }
  }

  /**
   * Addresses of the sums so far and the new ones, without gaps; 0 for the bias where there is
   * none.
   */
  record Sums(long before, long after, long biasBefore, long biasAfter) {
    static Sums of(BoundNode node, int first) {
      boolean bias = node.outputs().size() == 2;
      return new Sums(
          Rows.of(node.input(first)).address(),
          Rows.of(node.output(0)).address(),
          bias ? Rows.of(node.input(first + 1)).address() : 0,
          bias ? Rows.of(node.output(1)).address() : 0);
    }
  }

  private record Product(Geometry of, Rows x, Rows dz, Rows mask, RowMask masking, Sums sums)
      implements HostKernel {
    private int blocksOfDepth() {
      return (of.depth() + PANELS * TILE_COLUMNS - 1) / (PANELS * TILE_COLUMNS);
    }

    @Override
    public int tiles() {
      return (of.outChannels() + CHANNELS - 1) / CHANNELS * blocksOfDepth();
    }

    private static long panelBytes() {
      return 4L * ROWS * TILE_COLUMNS;
    }

    @Override
    public long scratchBytes() {
      return PANELS * panelBytes()
          + 4L * ROWS * CHANNELS
          + 4L * CHANNELS * PANELS * TILE_COLUMNS
          + 4L * CHANNELS;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int firstChannel = tile / blocksOfDepth() * CHANNELS;
      int firstDepth = tile % blocksOfDepth() * PANELS * TILE_COLUMNS;
      int channels = Math.min(CHANNELS, of.outChannels() - firstChannel);
      int padded = (channels + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
      int panels = Math.min(PANELS, (of.depth() - firstDepth + TILE_COLUMNS - 1) / TILE_COLUMNS);
      long packedX = scratch.address();
      long packedDz = packedX + PANELS * panelBytes();
      long total = packedDz + 4L * ROWS * CHANNELS;
      long bias = total + 4L * CHANNELS * PANELS * TILE_COLUMNS;
      Memory.clear(total, 4L * padded * panels * TILE_COLUMNS);
      Memory.clear(bias, 4L * padded);
      Memory.clear(packedDz, 4L * ROWS * padded);
      boolean withBias = sums.biasAfter() != 0 && firstDepth == 0;
      for (int item = 0; item < of.batch(); item++) {
        for (int begin = 0; begin < of.pixels(); begin += ROWS) {
          int count = 0;
          for (int row = begin; row < Math.min(begin + ROWS, of.pixels()); row++) {
            long from = dz.row(item, row) + 4L * firstChannel;
            boolean masked = mask.address() != 0 && Memory.getByte(mask.row(item, 0) + row) == 0;
            if (withBias && !(masked && masking == RowMask.ZERO_OUTPUT)) {
              VectorAdd.add(bias, from, bias, channels);
            }
            if (!masked) {
              Memory.copy(from, packedDz + 4L * count * padded, 4L * channels);
              for (int panel = 0; panel < panels; panel++) {
                pack(
                    item,
                    row,
                    firstDepth + panel * TILE_COLUMNS,
                    packedX + panel * panelBytes() + 4L * count * TILE_COLUMNS);
              }
              count++;
            }
          }
          for (int panel = 0; panel < panels; panel++) {
            for (int c = 0; c < padded; c += TILE_ROWS) {
              TransposedTile.add(
                  packedDz + 4L * c,
                  4L * padded,
                  packedX + panel * panelBytes(),
                  count,
                  total + 4L * ((long) panel * padded + c) * TILE_COLUMNS);
            }
          }
        }
      }
      for (int panel = 0; panel < panels; panel++) {
        for (int c = 0; c < channels; c++) {
          write(
              firstChannel + c,
              firstDepth + panel * TILE_COLUMNS,
              total + 4L * ((long) panel * padded + c) * TILE_COLUMNS);
        }
      }
      if (withBias) {
        long at = 4L * firstChannel;
        VectorAdd.add(sums.biasBefore() + at, bias, sums.biasAfter() + at, channels);
      }
    }

    /**
     * What one pixel gives to a panel: columns of (tap, channel), zero off the map and past the
     * last.
     */
    private void pack(int item, int pixel, int first, long to) {
      int outRow = pixel / of.outWidth();
      int outColumn = pixel % of.outWidth();
      int k = first;
      int end = Math.min(first + TILE_COLUMNS, of.depth());
      while (k < end) {
        int tap = k / of.inChannels();
        int channel = k % of.inChannels();
        int count = Math.min(of.inChannels() - channel, end - k);
        int row = of.inRow(outRow, tap / of.window().width());
        int column = of.inColumn(outColumn, tap % of.window().width());
        long part = to + 4L * (k - first);
        if (row < 0 || row >= of.inHeight() || column < 0 || column >= of.inWidth()) {
          Memory.clear(part, 4L * count);
        } else {
          copy(x.row(item, (long) row * of.inWidth() + column) + 4L * channel, part, count);
        }
        k += count;
      }
      Memory.clear(to + 4L * (end - first), 4L * (first + TILE_COLUMNS - end));
    }

    private static void copy(long from, long to, int count) {
      if (count == TILE_COLUMNS) {
        FloatVector.fromMemorySegment(FLOATS, ALL, from, ORDER).intoMemorySegment(ALL, to, ORDER);
        FloatVector.fromMemorySegment(FLOATS, ALL, from + BYTES, ORDER)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
      } else {
        Memory.copy(from, to, 4L * count);
      }
    }

    /** Adds the sums of a channel to those of the weight {@code [out][channel][tap]}. */
    private void write(int channel, int first, long from) {
      int taps = of.window().area();
      long row = (long) channel * of.depth();
      int end = Math.min(first + TILE_COLUMNS, of.depth());
      for (int k = first; k < end; k++) {
        long at = 4 * (row + (long) k % of.inChannels() * taps + k / of.inChannels());
        Memory.setFloat(
            sums.after() + at,
            Memory.getFloat(sums.before() + at) + Memory.getFloat(from + 4L * (k - first)));
      }
    }
  }
}
