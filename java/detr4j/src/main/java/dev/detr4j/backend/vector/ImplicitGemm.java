package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.RegisterTile.BLOCK_ROWS;
import static dev.detr4j.backend.vector.RegisterTile.PANELS_AT_ONCE;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;
import static dev.detr4j.backend.vector.RegisterTile.TILE_COLUMNS;
import static dev.detr4j.backend.vector.RegisterTile.TILE_ROWS;
import static dev.detr4j.backend.vector.WideGemmTile.WIDE_ROWS;

import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.op.Activation;
import dev.detr4j.op.RowMask;
import java.lang.foreign.MemorySegment;

/**
 * Convolution and linear layers as an implicit matrix product on channels-last maps; the plan is
 * that of {@code native/src/kernels/conv2d.c}.
 *
 * <p>A tile is a block of output pixels by some panels of output channels. First a table of
 * addresses is made, {@code [taps][pixels of the block]}, that says where each pixel's input begins
 * under each tap (padding: a row of zeros). Then for each panel, for each {@link
 * RegisterTile#TILE_ROWS} pixels (or the other way round), {@link GemmTile} runs over all taps with
 * its sums in registers, or {@link WideGemmTile} for two panels of a group, and {@link
 * TileEpilogue} adds what is fused.
 *
 * <p>With many channels a tap is one kernel position. With few, a loop over the channels is all
 * overhead, and a tap is a kernel row instead: its pixels lie side by side in memory, so inside the
 * map the address leads to x itself; elsewhere the row is copied into scratch first.
 *
 * <p>Scratch: zeros, addresses, copied kernel rows, sums; each part on a 64-byte boundary.
 */
final class ImplicitGemm implements HostKernel {
  /** Below it, a tap is a kernel row. */
  private static final int FEW_CHANNELS = 16;

  /** Half of a small L2 cache, for the input of a block of pixels. */
  private static final int BLOCK_BYTES = 192 << 10;

  /** Enough tiles for each thread that the last one to end is not waited for long. */
  private static final int TILES_PER_THREAD = 10;

  /**
   * With a residual, and so many products a sum, all panels of a few pixels follow each other:
   * whole rows of the residual and of the output then come and go in order, which took a tenth off
   * where neither fits a cache. With fewer products it made no difference, with more the panels
   * have to come from farther than the L2 cache.
   */
  private static final int LEAST_ROWS_FIRST = 128;

  private static final int MOST_ROWS_FIRST = 512;

  private final Window window;
  private final int batch;
  private final int groups;
  private final int groupIn;
  private final int groupOut;
  private final int groupPanels;
  private final Rows x;
  private final Rows residual;
  private final Rows mask;
  private final Rows out;
  private final long weight;
  private final long bias;
  private final RowMask rowMask;
  private final Activation activation;

  private final boolean few;
  private final int taps;
  private final int depth;
  private final int blockPixels;
  private final int pixelsOfPanel;
  private final int rowBlocks;
  private final int panelsPerTile;
  private final int panelBlocks;
  private final long zerosBytes;
  private final long tableBytes;
  private final long copiesBytes;

  /** Of x and of the output, in so many groups. */
  record Channels(int in, int out, int groups) {}

  /**
   * Which rows are masked, and what that means.
   *
   * @param bytes one item a batch item; {@link Rows#none()} with {@link RowMask#NONE}
   */
  record Mask(RowMask effect, Rows bytes) {
    /** No row is masked. */
    static final Mask NONE = new Mask(RowMask.NONE, Rows.none());
  }

  /**
   * Binds everything.
   *
   * @param weights those of {@link dev.detr4j.backend.host.PanelPacking}
   */
  ImplicitGemm(
      Window window,
      Channels channels,
      Maps maps,
      Mask mask,
      PackedWeights weights,
      Activation activation,
      int threads) {
    this.window = window;
    this.batch = maps.batch();
    this.groups = channels.groups();
    this.groupIn = channels.in() / groups;
    this.groupOut = channels.out() / groups;
    this.groupPanels = (groupOut + TILE_COLUMNS - 1) / TILE_COLUMNS;
    this.x = maps.x();
    this.residual = maps.residual();
    this.mask = mask.bytes();
    this.out = maps.out();
    this.weight = weights.weight();
    this.bias = weights.bias();
    this.rowMask = mask.effect();
    this.activation = activation;
    few = groupIn < FEW_CHANNELS && window.kernelWidth() > 1;
    taps = few ? window.kernelHeight() : window.kernelArea();
    depth = few ? groupIn * window.kernelWidth() : groupIn;
    int panels = groupPanels * groups;
    int pixels = window.pixels();
    int block = blockOf(pixels, BLOCK_BYTES / (4 * channels.in()));
    int panelsOfTile = Math.max(panels, 1);
    long wanted = threads == 1 ? 1 : (long) threads * TILES_PER_THREAD;
    while (panelsOfTile > 1 && tileCount(pixels, block, panels, panelsOfTile) < wanted) {
      panelsOfTile = (panelsOfTile + 1) / 2;
    }
    while (block > BLOCK_ROWS && tileCount(pixels, block, panels, panelsOfTile) < wanted) {
      block = blockOf(pixels, block / 2);
    }
    blockPixels = block;
    boolean rowsFirst =
        residual.address() != 0
            && LEAST_ROWS_FIRST <= depth * taps
            && depth * taps <= MOST_ROWS_FIRST;
    pixelsOfPanel = rowsFirst ? BLOCK_ROWS : block;
    rowBlocks = (pixels + block - 1) / block;
    panelsPerTile = panelsOfTile;
    panelBlocks = (panels + panelsOfTile - 1) / panelsOfTile;
    zerosBytes = Memory.aligned(4L * depth * groups);
    tableBytes = Memory.aligned(8L * taps * blockPixels);
    copiesBytes = few ? Memory.aligned(4L * taps * blockPixels * depth * groups) : 0;
  }

  /**
   * About {@code wanted} pixels, a multiple of the register tiles, so that all blocks are alike.
   */
  private static int blockOf(int pixels, int wanted) {
    int most = Math.max(1, Math.min(wanted, 240) / BLOCK_ROWS);
    int tileRows = Math.max(1, (pixels + BLOCK_ROWS - 1) / BLOCK_ROWS);
    int blocks = (tileRows + most - 1) / most;
    return (tileRows + blocks - 1) / blocks * BLOCK_ROWS;
  }

  private long tileCount(int pixels, int block, int panels, int panelsOfTile) {
    return (long) batch
        * ((pixels + block - 1) / block)
        * ((panels + panelsOfTile - 1) / panelsOfTile);
  }

  @Override
  public int tiles() {
    return Math.max(1, batch * rowBlocks * panelBlocks);
  }

  @Override
  public long scratchBytes() {
    return zerosBytes + tableBytes + copiesBytes + 4L * TILE_ROWS * PANEL_BYTES;
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int item = tile / (rowBlocks * panelBlocks);
    int first = tile / panelBlocks % rowBlocks * blockPixels;
    int count = Math.min(blockPixels, window.pixels() - first);
    int firstPanel = tile % panelBlocks * panelsPerTile;
    int endPanel = Math.min(firstPanel + panelsPerTile, groupPanels * groups);
    long zeros = scratch.address();
    long table = zeros + zerosBytes;
    long copies = table + tableBytes;
    long sums = copies + copiesBytes;
    Memory.clear(zeros, zerosBytes);
    if (few) {
      pointAtKernelRows(item, first, count, zeros, table, copies);
    } else {
      pointAtPixels(item, first, count, zeros, table);
    }
    if (rowMask == RowMask.ZERO_INPUT) {
      pointMaskedAtZeros(item, first, count, zeros, table);
    }
    repeatLast(table, count);
    for (int begin = 0; begin < count; begin += pixelsOfPanel) {
      int end = Math.min(begin + pixelsOfPanel, count);
      for (int panel = firstPanel; panel < endPanel; panel++) {
        if (hasNeighbour(panel, endPanel)) {
          twoPanels(item, panel++, first, begin, end, table, sums);
        } else {
          panel(item, panel, first, begin, end, table, sums);
        }
      }
    }
  }

  private boolean hasNeighbour(int panel, int endPanel) {
    return PANELS_AT_ONCE == 2 && panel + 1 < endPanel && panel % groupPanels + 1 < groupPanels;
  }

  /** Pixels {@code begin} to {@code end} of the block by a panel and the next of its group. */
  private void twoPanels(
      int item, int panel, int first, int begin, int end, long table, long sums) {
    int group = panel / groupPanels;
    int columnInGroup = panel % groupPanels * TILE_COLUMNS;
    long column = 4L * (group * groupOut + columnInGroup);
    long panelBytes = (long) taps * depth * PANEL_BYTES;
    long outPanel = 2L * WIDE_ROWS * PANEL_BYTES;
    for (int r = begin; r < end; r += WIDE_ROWS) {
      int rows = Math.min(WIDE_ROWS, end - r);
      WideGemmTile.multiply(
          table + 8L * r,
          8L * blockPixels,
          4L * group * depth,
          taps,
          depth,
          weight + panel * panelBytes,
          panelBytes,
          sums,
          outPanel);
      finish(item, panel, first + r, rows, column, TILE_COLUMNS, sums);
      int columns = Math.min(TILE_COLUMNS, groupOut - columnInGroup - TILE_COLUMNS);
      finish(item, panel + 1, first + r, rows, column + PANEL_BYTES, columns, sums + outPanel);
    }
  }

  /** Pixels {@code begin} to {@code end} of the block by one panel. */
  private void panel(int item, int panel, int first, int begin, int end, long table, long sums) {
    int group = panel / groupPanels;
    int columnInGroup = panel % groupPanels * TILE_COLUMNS;
    long column = 4L * (group * groupOut + columnInGroup);
    int columns = Math.min(TILE_COLUMNS, groupOut - columnInGroup);
    long b = weight + (long) panel * taps * depth * PANEL_BYTES;
    for (int r = begin; r < end; r += TILE_ROWS) {
      int rows = Math.min(TILE_ROWS, end - r);
      GemmTile.multiply(
          table + 8L * r,
          8L * blockPixels,
          4L * group * depth,
          taps,
          depth,
          rows,
          b,
          sums,
          PANEL_BYTES);
      finish(item, panel, first + r, rows, column, columns, sums);
    }
  }

  private void finish(
      int item, int panel, int firstRow, int rows, long column, int columns, long sums) {
    long skip = residual.rowOrZero(item, firstRow);
    TileEpilogue.finish(
        sums,
        rows,
        columns,
        bias + (long) panel * PANEL_BYTES,
        skip == 0 ? 0 : skip + column,
        residual.pitch(),
        out.row(item, firstRow) + column,
        out.pitch(),
        activation);
    if (rowMask == RowMask.ZERO_OUTPUT) {
      clearMasked(item, firstRow, rows, column, columns);
    }
  }

  /** Many channels: an address for each kernel position. */
  private void pointAtPixels(int item, int first, int count, long zeros, long table) {
    long map = x.row(item, 0);
    int outRow = first / window.outWidth();
    int outColumn = first % window.outWidth();
    for (int r = 0; r < count; r++) {
      long entry = table + 8L * r;
      for (int ky = 0; ky < window.kernelHeight(); ky++) {
        int row = window.row(outRow, ky);
        for (int kx = 0; kx < window.kernelWidth(); kx++, entry += 8L * blockPixels) {
          int column = window.column(outColumn, kx);
          long pixel = map + ((long) row * window.inWidth() + column) * x.pitch();
          Memory.setLong(entry, window.inside(row, column) ? pixel : zeros);
        }
      }
      if (++outColumn == window.outWidth()) {
        outColumn = 0;
        outRow++;
      }
    }
  }

  /** Few channels: an address for each kernel row. */
  private void pointAtKernelRows(
      int item, int first, int count, long zeros, long table, long copies) {
    boolean contiguous = groups == 1 && window.dilation() == 1 && x.pitch() == 4L * groupIn;
    int outRow = first / window.outWidth();
    int outColumn = first % window.outWidth();
    for (int r = 0; r < count; r++) {
      int column = window.column(outColumn, 0);
      boolean inPlace =
          contiguous && column >= 0 && column + window.kernelWidth() <= window.inWidth();
      for (int ky = 0; ky < taps; ky++) {
        int row = window.row(outRow, ky);
        long entry = table + 8L * ((long) ky * blockPixels + r);
        if (row < 0 || row >= window.inHeight()) {
          Memory.setLong(entry, zeros);
          continue;
        }
        long mapRow = x.row(item, (long) row * window.inWidth());
        if (inPlace) {
          Memory.setLong(entry, mapRow + column * x.pitch());
        } else {
          long copy = copies + 4L * ((long) r * taps + ky) * depth * groups;
          copyKernelRow(mapRow, column, copy);
          Memory.setLong(entry, copy);
        }
      }
      if (++outColumn == window.outWidth()) {
        outColumn = 0;
        outRow++;
      }
    }
  }

  /** One kernel row of one output pixel, group by group, zeros where it leaves the map. */
  private void copyKernelRow(long mapRow, int column, long copy) {
    for (int group = 0; group < groups; group++) {
      for (int kx = 0; kx < window.kernelWidth(); kx++, copy += 4L * groupIn) {
        int from = column + kx * window.dilation();
        boolean inside = from >= 0 && from < window.inWidth();
        long pixel = mapRow + from * x.pitch() + 4L * group * groupIn;
        for (int c = 0; c < groupIn; c++) {
          Memory.setFloat(copy + 4L * c, inside ? Memory.getFloat(pixel + 4L * c) : 0);
        }
      }
    }
  }

  /** A masked row counts as zeros, whatever it holds. There is one tap. */
  private void pointMaskedAtZeros(int item, int first, int count, long zeros, long table) {
    long bytes = mask.row(item, 0) + first;
    for (int r = 0; r < count; r++) {
      if (Memory.getByte(bytes + r) == 0) {
        Memory.setLong(table + 8L * r, zeros);
      }
    }
  }

  /** The register tile reads whole numbers of rows: those past the end repeat the last one. */
  private void repeatLast(long table, int count) {
    for (int tap = 0; tap < taps && count > 0; tap++) {
      long entries = table + 8L * tap * blockPixels;
      long last = Memory.getLong(entries + 8L * (count - 1));
      for (int r = count; r < blockPixels; r++) {
        Memory.setLong(entries + 8L * r, last);
      }
    }
  }

  private void clearMasked(int item, int firstRow, int rows, long column, int columns) {
    long bytes = mask.row(item, 0) + firstRow;
    for (int r = 0; r < rows; r++) {
      if (Memory.getByte(bytes + r) == 0) {
        TileEpilogue.zero(out.row(item, firstRow + r) + column, columns);
      }
    }
  }
}
