package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.RowSlices;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.op.gradient.LinearWeightGradient;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * {@link ConvolutionWeightGradient} and {@link LinearWeightGradient}: products that sum over rows,
 * as {@code native/src/kernels/weight_gradient.c} plans them. A tile takes a slice of the rows,
 * some output channels and some panels of (tap, channel); it packs blocks of rows of x and dz, and
 * keeps its sums in scratch. The order of a sum is that of slices and rows, however the rest is
 * cut.
 */
final class VectorWeightGradient {
  private static final int TILE_COLUMNS = RegisterTile.TILE_COLUMNS;
  private static final int TILE_ROWS = RegisterTile.TILE_ROWS;

  /** Rows of a block: a panel of them stays in the first cache. */
  private static final int ROWS = 128;

  private static final int PANELS = 8;

  /** With them, a tile's sums and packed rows fit a second cache of a megabyte. */
  private static final int MOST_CHANNELS = 44 * TILE_ROWS;

  /** With fewer, packing x anew for each block of channels shows. */
  private static final int FEWEST_CHANNELS = 8 * TILE_ROWS;

  private static final int TILES_PER_THREAD = 4;

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
      if (isDepthwise(op)) {
        return List.of(new DepthwiseWeightGradient(geometry, x, dz, sums));
      }
      Operands operands = new Operands(x, dz, Rows.none(), RowMask.NONE);
      return product(geometry, operands, sums, context, workspace);
    }

    @Override
    public long workspaceBytes(ConvolutionWeightGradient op, BoundNode node, HostContext context) {
      Convolution of = op.of();
      return isDepthwise(op)
          ? 0
          : partialBytes(node, of.outChannels(), of.window().area() * of.inChannels());
    }

    private static boolean isDepthwise(ConvolutionWeightGradient op) {
      return op.of().isDepthwise() && op.of().groups() > 1;
    }
  }

  /** Of linear layers: convolutions of one pixel over rows. */
  static final class OfLinear implements HostOp<LinearWeightGradient> {
    @Override
    public List<HostKernel> bind(
        LinearWeightGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
      Linear of = op.of();
      int rows = Math.toIntExact(node.input(0).rows());
      return product(
          new Geometry(
              node.input(0).batch(),
              rows,
              1,
              of.inFeatures(),
              rows,
              1,
              of.outFeatures(),
              KernelWindow.PIXEL),
          new Operands(
              Rows.of(node.input(0)),
              Rows.of(node.input(1)),
              op.operands() == 2 ? Rows.none() : Rows.of(node.input(2)),
              of.rowMask()),
          Sums.of(node, op.operands()),
          context,
          workspace);
    }

    @Override
    public long workspaceBytes(LinearWeightGradient op, BoundNode node, HostContext context) {
      return partialBytes(node, op.of().outFeatures(), op.of().inFeatures());
    }
  }

  private static long partialBytes(BoundNode node, int outChannels, int depth) {
    return RowSlices.of(Math.toIntExact(node.input(1).rows()), outChannels, depth)
        .partialBytes(outChannels, depth);
  }

  /** The products, and what joins their slices where there are several. */
  private static List<HostKernel> product(
      Geometry of, Operands operands, Sums sums, HostContext context, MemorySegment workspace) {
    RowSlices slices = RowSlices.of(of.pixels(), of.outChannels(), of.depth());
    int rounded = (of.outChannels() + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    int channels = Math.min(MOST_CHANNELS, rounded);
    long partial = slices.count() == 1 ? 0 : workspace.address();
    Product product = new Product(of, operands, sums, slices, channels, partial);
    // A smaller block changes no result: the order of a sum is that of the rows.
    while (channels > FEWEST_CHANNELS && product.tiles() < TILES_PER_THREAD * context.threads()) {
      channels = Math.max(FEWEST_CHANNELS, (channels / 2 + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS);
      product = new Product(of, operands, sums, slices, channels, partial);
    }
    return partial == 0
        ? List.of(product)
        : List.of(product, new Join(of, sums, slices.count(), partial));
  }

  /** What is multiplied. */
  private record Operands(Rows x, Rows dz, Rows mask, RowMask masking) {}

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

  /**
   * What a block of depth takes from the pixels under the taps of one: runs of neighbouring
   * numbers, each within a panel. Where pixels have no gaps and the window no dilation, the taps of
   * a row of the window are one stretch of the map.
   *
   * @param taps of a stretch
   * @param tapRow of each run
   * @param tapColumn the first tap of its stretch
   * @param skip numbers of the stretch before the run
   * @param at where it goes, in bytes from the block's row
   * @param count its numbers
   */
  private record Runs(int taps, int[] tapRow, int[] tapColumn, int[] skip, long[] at, int[] count) {
    static Runs of(Geometry of, int taps, int first, int end) {
      int width = taps * of.inChannels();
      List<int[]> all = new ArrayList<>();
      for (int k = first; k < end; ) {
        int tap = k / width * taps;
        int place = k - first;
        int count = Math.min(width - k % width, end - k);
        count = Math.min(count, TILE_COLUMNS - place % TILE_COLUMNS);
        int columns = of.window().width();
        all.add(new int[] {tap / columns, tap % columns, k % width, place, count});
        k += count;
      }
      int n = all.size();
      Runs runs = new Runs(taps, new int[n], new int[n], new int[n], new long[n], new int[n]);
      for (int i = 0; i < n; i++) {
        int[] run = all.get(i);
        runs.tapRow[i] = run[0];
        runs.tapColumn[i] = run[1];
        runs.skip[i] = run[2];
        runs.at[i] = run[3] / TILE_COLUMNS * Product.panelBytes() + 4L * (run[3] % TILE_COLUMNS);
        runs.count[i] = run[4];
      }
      return runs;
    }
  }

  /** Sums over slices of rows: of a block of channels and a block of depth in each tile. */
  private static final class Product implements HostKernel {
    private final Geometry of;
    private final Rows x;
    private final Rows dz;
    private final Rows mask;
    private final RowMask masking;
    private final Sums sums;
    private final RowSlices slices;
    private final int channelsOfTile;
    private final long partial;
    private final Runs[] runs;

    Product(
        Geometry of,
        Operands operands,
        Sums sums,
        RowSlices slices,
        int channelsOfTile,
        long partial) {
      this.of = of;
      x = operands.x();
      dz = operands.dz();
      mask = operands.mask();
      masking = operands.masking();
      this.sums = sums;
      this.slices = slices;
      this.channelsOfTile = channelsOfTile;
      this.partial = partial;
      boolean dense = of.window().dilation() == 1 && operands.x().pitch() == 4L * of.inChannels();
      int taps = dense ? of.window().width() : 1;
      int block = PANELS * TILE_COLUMNS;
      runs = new Runs[(of.depth() + block - 1) / block];
      for (int i = 0; i < runs.length; i++) {
        runs[i] = Runs.of(of, taps, i * block, Math.min((i + 1) * block, of.depth()));
      }
    }

    private int blocksOfChannels() {
      return (of.outChannels() + channelsOfTile - 1) / channelsOfTile;
    }

    @Override
    public int tiles() {
      return slices.count() * blocksOfChannels() * runs.length;
    }

    static long panelBytes() {
      return 4L * ROWS * TILE_COLUMNS;
    }

    @Override
    public long scratchBytes() {
      return PANELS * panelBytes()
          + 4L * ROWS * channelsOfTile
          + 4L * channelsOfTile * PANELS * TILE_COLUMNS
          + 4L * channelsOfTile;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int block = tile % runs.length;
      int firstChannel = tile / runs.length % blocksOfChannels() * channelsOfTile;
      int slice = tile / runs.length / blocksOfChannels();
      int firstDepth = block * PANELS * TILE_COLUMNS;
      int channels = Math.min(channelsOfTile, of.outChannels() - firstChannel);
      int padded = (channels + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
      int panels = Math.min(PANELS, (of.depth() - firstDepth + TILE_COLUMNS - 1) / TILE_COLUMNS);
      long packedX = scratch.address();
      long packedDz = packedX + PANELS * panelBytes();
      long total = packedDz + 4L * ROWS * channelsOfTile;
      long bias = total + 4L * channelsOfTile * PANELS * TILE_COLUMNS;
      Memory.clear(total, 4L * padded * panels * TILE_COLUMNS);
      Memory.clear(bias, 4L * padded);
      Memory.clear(packedDz, 4L * ROWS * padded);
      // Columns past the last are multiplied, and not written.
      Memory.clear(packedX + (panels - 1) * panelBytes(), panelBytes());
      boolean withBias = sums.biasAfter() != 0 && firstDepth == 0;
      int first = slice * slices.rows();
      int last = Math.min(first + slices.rows(), of.pixels());
      for (int item = 0; item < of.batch(); item++) {
        for (int begin = first; begin < last; begin += ROWS) {
          int count = 0;
          int outRow = begin / of.outWidth();
          int outColumn = begin % of.outWidth();
          for (int row = begin; row < Math.min(begin + ROWS, last); row++) {
            long from = dz.row(item, row) + 4L * firstChannel;
            boolean masked = mask.address() != 0 && Memory.getByte(mask.row(item, 0) + row) == 0;
            if (withBias && !(masked && masking == RowMask.ZERO_OUTPUT)) {
              VectorAdd.add(bias, from, bias, channels);
            }
            if (!masked) {
              Memory.copy(from, packedDz + 4L * count * padded, 4L * channels);
              pack(runs[block], item, outRow, outColumn, packedX + 4L * count * TILE_COLUMNS);
              count++;
            }
            outColumn++;
            if (outColumn == of.outWidth()) {
              outColumn = 0;
              outRow++;
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
      long own = partial + (long) slice * pitch(of);
      for (int c = 0; c < channels; c++) {
        for (int panel = 0; panel < panels; panel++) {
          int k = firstDepth + panel * TILE_COLUMNS;
          int count = Math.min(TILE_COLUMNS, of.depth() - k);
          long from = total + 4L * ((long) panel * padded + c) * TILE_COLUMNS;
          if (partial == 0) {
            write(of, sums, firstChannel + c, k, from, count);
          } else {
            Memory.copy(from, own + 4 * ((long) (firstChannel + c) * of.depth() + k), 4L * count);
          }
        }
      }
      if (withBias && partial == 0) {
        long at = 4L * firstChannel;
        VectorAdd.add(sums.biasBefore() + at, bias, sums.biasAfter() + at, channels);
      } else if (withBias) {
        Memory.copy(bias, own + biasAt(of) + 4L * firstChannel, 4L * channels);
      }
    }

    /** What one pixel gives to the panels; zero off the map. */
    private void pack(Runs runs, int item, int outRow, int outColumn, long to) {
      for (int i = 0; i < runs.count.length; i++) {
        int row = of.inRow(outRow, runs.tapRow[i]);
        int column = of.inColumn(outColumn, runs.tapColumn[i]);
        long part = to + runs.at[i];
        int skip = runs.skip[i];
        int count = runs.count[i];
        boolean inside =
            row >= 0 && row < of.inHeight() && column >= 0 && column + runs.taps <= of.inWidth();
        if (!inside) {
          Memory.clear(part, 4L * count);
          // The numbers of the stretch whose pixels are on the map.
          int first = Math.max(Math.max(0, -column) * of.inChannels(), skip);
          int end =
              Math.min(Math.min(runs.taps, of.inWidth() - column) * of.inChannels(), skip + count);
          if (row < 0 || row >= of.inHeight() || first >= end) {
            continue;
          }
          part += 4L * (first - skip);
          skip = first;
          count = end - first;
        }
        // With several taps, pixels have no gaps; of one, the column is on the map.
        copy(x.row(item, (long) row * of.inWidth() + column) + 4L * skip, part, count);
      }
    }

    /** Copies whole vectors, the last of which overlaps the one before. */
    private static void copy(long from, long to, int count) {
      if (count < COUNT) {
        for (int i = 0; i < count; i++) {
          Memory.setFloat(to + 4L * i, Memory.getFloat(from + 4L * i));
        }
        return;
      }
      long last = 4L * (count - COUNT);
      for (long at = 0; at < last; at += BYTES) {
        FloatVector.fromMemorySegment(FLOATS, ALL, from + at, ORDER)
            .intoMemorySegment(ALL, to + at, ORDER);
      }
      FloatVector.fromMemorySegment(FLOATS, ALL, from + last, ORDER)
          .intoMemorySegment(ALL, to + last, ORDER);
    }
  }

  /** Bytes from the partial sums of a slice to those of the next: weights, then biases. */
  private static long pitch(Geometry of) {
    return 4L * of.outChannels() * (of.depth() + 1);
  }

  private static long biasAt(Geometry of) {
    return 4L * of.outChannels() * of.depth();
  }

  /**
   * Adds sums of a channel, from the k-th (tap, channel) on, to those of the weight {@code
   * [out][channel][tap]}.
   */
  private static void write(Geometry of, Sums sums, int out, int k, long from, int count) {
    int taps = of.window().area();
    long row = 4L * out * of.depth();
    if (taps == 1) {
      long at = row + 4L * k;
      VectorAdd.add(sums.before() + at, from, sums.after() + at, count);
      return;
    }
    int tap = k / of.inChannels();
    int channel = k % of.inChannels();
    for (int i = 0; i < count; i++) {
      long at = row + 4L * ((long) channel * taps + tap);
      Memory.setFloat(
          sums.after() + at, Memory.getFloat(sums.before() + at) + Memory.getFloat(from + 4L * i));
      channel++;
      if (channel == of.inChannels()) {
        channel = 0;
        tap++;
      }
    }
  }

  /** Adds the slices up, in their order: an output channel a tile. */
  private record Join(Geometry of, Sums sums, int slices, long partial) implements HostKernel {
    private static final int BLOCK = 1024;

    @Override
    public int tiles() {
      return of.outChannels();
    }

    @Override
    public long scratchBytes() {
      return 4L * BLOCK;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      long total = scratch.address();
      for (int k = 0; k < of.depth(); k += BLOCK) {
        int count = Math.min(BLOCK, of.depth() - k);
        long from = partial + 4 * ((long) tile * of.depth() + k);
        VectorAdd.add(from, from + pitch(of), total, count);
        for (int slice = 2; slice < slices; slice++) {
          VectorAdd.add(total, from + slice * pitch(of), total, count);
        }
        write(of, sums, tile, k, total, count);
      }
      if (sums.biasAfter() != 0) {
        long from = partial + biasAt(of) + 4L * tile;
        float sum = Memory.getFloat(from);
        for (int slice = 1; slice < slices; slice++) {
          sum += Memory.getFloat(from + slice * pitch(of));
        }
        long at = 4L * tile;
        Memory.setFloat(sums.biasAfter() + at, Memory.getFloat(sums.biasBefore() + at) + sum);
      }
    }
  }
}
