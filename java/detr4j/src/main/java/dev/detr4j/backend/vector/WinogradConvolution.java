package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.RegisterTile.BLOCK_ROWS;
import static dev.detr4j.backend.vector.RegisterTile.PANELS_AT_ONCE;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;
import static dev.detr4j.backend.vector.RegisterTile.TILE_COLUMNS;
import static dev.detr4j.backend.vector.RegisterTile.TILE_ROWS;
import static dev.detr4j.backend.vector.WideGemmTile.WIDE_ROWS;

import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.WinogradPacking;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import java.lang.foreign.MemorySegment;

/**
 * 3x3 convolution of stride 1 by Winograd's minimal filtering (Lavin and Gray 2016); the plan and
 * its drawing are those of {@code native/src/winograd.h}.
 *
 * <p>A tile is a block of squares by some panels of output channels. (1) {@code V} of the block
 * goes to scratch as {@code [elements][squares][channels]}. (2) For a panel, each element is a
 * plain matrix product {@code M = V U} through {@link GemmTile}, or {@link WideGemmTile} for two
 * panels. (3) The products of each square become its pixels, and {@link TileEpilogue} does the
 * rest. {@link WinogradSquares2} and {@link WinogradSquares4} are the transforms.
 *
 * <p>Scratch: zeros, addresses of pixels, last channels of pixels, half-transformed lines,
 * addresses of rows of V, pixels before the epilogue, V, M; each part on a 64-byte boundary.
 */
final class WinogradConvolution implements HostKernel {
  /**
   * Most squares of a block. Products of one element's slice of a panel go to so many rows before
   * the next slice is read. V of 24 squares and 256 channels fills an L2 cache of 1 MiB; 48 and 96
   * were up to 8 % slower there, and no faster with 64 channels.
   */
  private static final int BLOCK_SQUARES = 24;

  /** Squares of a block where threads would go without a tile otherwise. */
  private static final int SMALL_BLOCK_SQUARES = 12;

  /** Enough tiles for each thread that the last one to end is not waited for long. */
  private static final int TILES_PER_THREAD = 4;

  /** Bytes of channels that are transformed at a time: 36 such rows stay in the L1 cache. */
  private static final int CHUNK_BYTES = 512;

  /** So that the rows of a register tile do not share a set of the L1 cache. */
  private static final int PADDING_BYTES = 64;

  private final int edge;
  private final int window;
  private final int elements;
  private final Window extents;
  private final int batch;
  private final int inChannels;
  private final int outChannels;
  private final Rows x;
  private final Rows residual;
  private final Rows out;
  private final long weight;
  private final long bias;
  private final Activation activation;

  private final int squaresWide;
  private final int squares;
  private final int blockSquares;
  private final int squareBlocks;
  private final int panels;
  private final int panelsPerTile;
  private final int panelBlocks;
  private final int wholeBytes;
  private final int tailChannels;
  private final long vRow;
  private final long vElement;
  private final long mPanel;
  private final long mElement;

  private final long pixelsAt;
  private final long tailAt;
  private final long linesAt;
  private final long rowsAt;
  private final long sumsAt;
  private final long vAt;
  private final long mAt;
  private final long scratchBytes;

  /**
   * Binds everything.
   *
   * @param weights those of {@code packing}
   */
  WinogradConvolution(
      WinogradPacking packing,
      Convolution op,
      Window extents,
      Maps maps,
      PackedWeights weights,
      int threads) {
    this.edge = packing.edge();
    this.window = edge + 2;
    this.elements = packing.elements();
    this.extents = extents;
    this.batch = maps.batch();
    this.inChannels = op.inChannels();
    this.outChannels = op.outChannels();
    this.x = maps.x();
    this.residual = maps.residual();
    this.out = maps.out();
    this.weight = weights.weight();
    this.bias = weights.bias();
    this.activation = op.activation();

    squaresWide = (extents.outWidth() + edge - 1) / edge;
    squares = Math.toIntExact(packing.squares(extents.outHeight(), extents.outWidth()));
    panels = (outChannels + TILE_COLUMNS - 1) / TILE_COLUMNS;
    int block = blockOf(BLOCK_SQUARES);
    int panelsOfTile = panels;
    long wanted = threads == 1 ? 1 : (long) threads * TILES_PER_THREAD;
    if (tileCount(block, panelsOfTile) < wanted) {
      block = blockOf(SMALL_BLOCK_SQUARES);
    }
    while (panelsOfTile > 1 && tileCount(block, panelsOfTile) < wanted) {
      panelsOfTile = (panelsOfTile + 1) / 2;
    }
    blockSquares = block;
    squareBlocks = (squares + block - 1) / block;
    panelsPerTile = panelsOfTile;
    panelBlocks = (panels + panelsOfTile - 1) / panelsOfTile;

    wholeBytes = inChannels / COUNT * BYTES;
    tailChannels = inChannels % COUNT;
    vRow = Memory.aligned(wholeBytes + (tailChannels > 0 ? BYTES : 0)) + PADDING_BYTES;
    vElement = blockSquares * vRow;
    mPanel = (long) blockSquares * PANEL_BYTES;
    mElement = PANELS_AT_ONCE * mPanel + PADDING_BYTES;
    pixelsAt = Memory.aligned(4L * inChannels);
    tailAt = pixelsAt + Memory.aligned(8L * elements);
    linesAt = tailAt + Memory.aligned((long) elements * BYTES);
    rowsAt = linesAt + Memory.aligned((long) elements * Math.max(CHUNK_BYTES, PANEL_BYTES));
    sumsAt = rowsAt + Memory.aligned(8L * blockSquares);
    vAt = sumsAt + 2L * edge * PANEL_BYTES;
    mAt = vAt + Memory.aligned(elements * vElement);
    scratchBytes = mAt + elements * mElement;
  }

  /** At most {@code most} squares, a multiple of the register tile, so that blocks are alike. */
  private int blockOf(int most) {
    int blocks = (squares + most - 1) / most;
    int even = (squares + blocks - 1) / blocks;
    return (even + BLOCK_ROWS - 1) / BLOCK_ROWS * BLOCK_ROWS;
  }

  private long tileCount(int block, int panelsOfTile) {
    return (long) batch
        * ((squares + block - 1) / block)
        * ((panels + panelsOfTile - 1) / panelsOfTile);
  }

  @Override
  public int tiles() {
    return Math.max(1, batch * squareBlocks * panelBlocks);
  }

  @Override
  public long scratchBytes() {
    return scratchBytes;
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int item = tile / (squareBlocks * panelBlocks);
    int first = tile / panelBlocks % squareBlocks * blockSquares;
    int count = Math.min(blockSquares, squares - first);
    int firstPanel = tile % panelBlocks * panelsPerTile;
    int endPanel = Math.min(firstPanel + panelsPerTile, panels);
    long start = scratch.address();
    Memory.clear(start, pixelsAt);
    Memory.clear(start + tailAt, linesAt - tailAt);
    transformInput(item, first, count, start);
    for (int r = 0; r < blockSquares; r++) {
      // The register tile reads whole numbers of rows: those past the end repeat the last one.
      Memory.setLong(start + rowsAt + 8L * r, start + vAt + Math.min(r, count - 1) * vRow);
    }
    long m = start + mAt;
    for (int panel = firstPanel; panel < endPanel; panel++) {
      if (PANELS_AT_ONCE == 2 && panel + 1 < endPanel) {
        multiplyTwo(panel, count, start);
        storeSquares(item, panel++, first, count, m, start);
        storeSquares(item, panel, first, count, m + mPanel, start);
      } else {
        multiply(panel, count, start);
        storeSquares(item, panel, first, count, m, start);
      }
    }
  }

  /** V of the squares of a block. */
  private void transformInput(int item, int first, int count, long start) {
    long pixels = start + pixelsAt;
    int row = first / squaresWide;
    int column = first % squaresWide;
    for (int s = 0; s < count; s++) {
      pointAtPixels(item, edge * row, edge * column, start, pixels);
      long v = start + vAt + s * vRow;
      for (int at = 0; at < wholeBytes; at += CHUNK_BYTES) {
        transformChannels(pixels, at, Math.min(CHUNK_BYTES, wholeBytes - at), start, v + at);
      }
      if (tailChannels > 0) {
        pointAtTails(pixels, start + tailAt);
        transformChannels(pixels, 0, BYTES, start, v + wholeBytes);
      }
      if (++column == squaresWide) {
        column = 0;
        row++;
      }
    }
  }

  private void transformChannels(long pixels, int channel, int bytes, long start, long v) {
    if (edge == 4) {
      WinogradSquares4.input(pixels, channel, bytes, start + linesAt, v, vElement);
    } else {
      WinogradSquares2.input(pixels, channel, bytes, start + linesAt, v, vElement);
    }
  }

  /** The addresses of the pixels under a square; outside the map, of zeros. */
  private void pointAtPixels(int item, int outRow, int outColumn, long zeros, long pixels) {
    long map = x.row(item, 0);
    long entry = pixels;
    for (int ky = 0; ky < window; ky++) {
      int row = extents.row(outRow, ky);
      for (int kx = 0; kx < window; kx++, entry += 8) {
        int column = extents.column(outColumn, kx);
        long pixel = map + ((long) row * extents.inWidth() + column) * x.pitch();
        Memory.setLong(entry, extents.inside(row, column) ? pixel : zeros);
      }
    }
  }

  /** Copies the channels that do not fill a vector to where zeros follow them. */
  private void pointAtTails(long pixels, long tails) {
    for (int e = 0; e < elements; e++) {
      long pixel = Memory.getLong(pixels + 8L * e) + wholeBytes;
      long tail = tails + (long) e * BYTES;
      for (int c = 0; c < tailChannels; c++) {
        Memory.setFloat(tail + 4L * c, Memory.getFloat(pixel + 4L * c));
      }
      Memory.setLong(pixels + 8L * e, tail);
    }
  }

  /** M of the squares of a block for one panel. */
  private void multiply(int panel, int count, long start) {
    long rows = start + rowsAt;
    long b = weight + (long) panel * elements * inChannels * PANEL_BYTES;
    for (int e = 0; e < elements; e++, b += (long) inChannels * PANEL_BYTES) {
      long m = start + mAt + e * mElement;
      for (int s = 0; s < count; s += TILE_ROWS) {
        GemmTile.multiply(
            rows + 8L * s,
            0,
            e * vElement,
            1,
            inChannels,
            Math.min(TILE_ROWS, count - s),
            b,
            m + (long) s * PANEL_BYTES,
            PANEL_BYTES);
      }
    }
  }

  /** The same for a panel and the next. */
  private void multiplyTwo(int panel, int count, long start) {
    long rows = start + rowsAt;
    long panelBytes = (long) elements * inChannels * PANEL_BYTES;
    long b = weight + panel * panelBytes;
    for (int e = 0; e < elements; e++, b += (long) inChannels * PANEL_BYTES) {
      long m = start + mAt + e * mElement;
      for (int s = 0; s < count; s += WIDE_ROWS) {
        WideGemmTile.multiply(
            rows + 8L * s,
            0,
            e * vElement,
            1,
            inChannels,
            b,
            panelBytes,
            m + (long) s * PANEL_BYTES,
            mPanel);
      }
    }
  }

  /**
   * The pixels of the squares of a block from their products, for one panel.
   *
   * @param m where its products are
   */
  private void storeSquares(int item, int panel, int first, int count, long m, long start) {
    int firstColumn = panel * TILE_COLUMNS;
    int columns = Math.min(TILE_COLUMNS, outChannels - firstColumn);
    long panelBias = bias + (long) panel * PANEL_BYTES;
    int row = first / squaresWide;
    int column = first % squaresWide;
    for (int s = 0; s < count; s++, m += PANEL_BYTES) {
      storeSquare(item, edge * row, edge * column, m, start, panelBias, 4L * firstColumn, columns);
      if (++column == squaresWide) {
        column = 0;
        row++;
      }
    }
  }

  private void storeSquare(
      int item,
      int outRow,
      int outColumn,
      long m,
      long start,
      long panelBias,
      long firstColumn,
      int columns) {
    long lines = start + linesAt;
    long sums = start + sumsAt;
    int rows = Math.min(edge, extents.outHeight() - outRow);
    int pixels = Math.min(edge, extents.outWidth() - outColumn);
    if (edge == 4) {
      WinogradSquares4.outputColumns(m, mElement, lines);
    } else {
      WinogradSquares2.outputColumns(m, mElement, lines);
    }
    for (int r = 0; r < rows; r++) {
      if (edge == 4) {
        WinogradSquares4.outputRow(lines, r, sums);
      } else {
        WinogradSquares2.outputRow(lines, r, sums);
      }
      long pixel = (long) (outRow + r) * extents.outWidth() + outColumn;
      long skip = residual.rowOrZero(item, pixel);
      TileEpilogue.finish(
          sums,
          pixels,
          columns,
          panelBias,
          skip == 0 ? 0 : skip + firstColumn,
          residual.pitch(),
          out.row(item, pixel) + firstColumn,
          out.pitch(),
          activation);
    }
  }
}
