package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;
import static dev.detr4j.backend.vector.RegisterTile.PANEL_BYTES;
import static dev.detr4j.backend.vector.RegisterTile.TILE_COLUMNS;
import static dev.detr4j.backend.vector.RegisterTile.TILE_ROWS;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Attention;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * {@link Attention}, one head at a time and in two phases, as in {@code
 * native/src/kernels/attention.c}.
 *
 * <pre>
 * pack    lays one head out for GemmTile, in the workspace:
 *           keys    [panels of keys][headDim][TILE_COLUMNS]   transposed: a panel holds TILE_COLUMNS keys
 *           values  [panels of columns][keys][TILE_COLUMNS]
 *         Keys that the mask leaves out are not copied: what they hold cannot reach a result.
 * attend  for TILE_ROWS queries at a time:
 *           scores[query][key] = q k^T      the register tile, panel by panel of keys, into scratch
 *           softmax by rows, not yet divided
 *           out[query][column] = scores v   the tile again, all keys as its depth; then the division
 * </pre>
 */
final class VectorAttention implements HostOp<Attention> {
  /**
   * Queries of one tile: a few register tiles, so that a head's panels are read from the caches.
   */
  private static final int QUERIES_PER_TILE = 48;

  @Override
  public long workspaceBytes(Attention op, BoundNode node, HostContext context) {
    Layout layout = Layout.of(op, node);
    return layout.headBytes() * op.heads() * node.input(0).batch();
  }

  @Override
  public List<HostKernel> bind(
      Attention op, BoundNode node, HostContext context, MemorySegment workspace) {
    Layout layout = Layout.of(op, node);
    int batch = node.input(0).batch();
    Rows mask = op.hasKeyMask() ? Rows.of(node.input(3)) : Rows.none();
    return List.of(
        new Pack(
            layout,
            batch,
            op.heads(),
            Rows.of(node.input(1)),
            Rows.of(node.input(2)),
            mask,
            workspace.address()),
        new Attend(
            layout,
            batch,
            op.heads(),
            node.input(0).shape().get(1),
            op.scale(),
            Rows.of(node.input(0)),
            mask,
            Rows.of(node.output(0)),
            workspace.address()));
  }

  /**
   * How a head lies in the workspace.
   *
   * @param keyBytes of the packed keys; the values follow
   * @param pitch bytes from one row of scores to the next
   */
  private record Layout(int keys, int headDim, long keyBytes, long headBytes, long pitch) {
    static Layout of(Attention op, BoundNode node) {
      int keys = node.input(1).shape().get(1);
      long padded = padded(keys);
      long keyBytes = 4 * padded * op.headDim();
      // Rows a multiple of 4096 bytes apart would share one set of the L1 cache.
      long pitch = 4 * (padded % 1024 == 0 ? padded + TILE_COLUMNS : padded);
      return new Layout(
          keys, op.headDim(), keyBytes, keyBytes + 4 * padded(op.headDim()) * keys, pitch);
    }

    private static long padded(int columns) {
      return (columns + TILE_COLUMNS - 1L) / TILE_COLUMNS * TILE_COLUMNS;
    }
  }

  /** One head of one batch item a tile. */
  private record Pack(
      Layout layout, int batch, int heads, Rows k, Rows v, Rows mask, long workspace)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, batch * heads);
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = tile / heads;
      if (item >= batch) {
        return;
      }
      long column = 4L * (tile % heads) * layout.headDim;
      long keys = workspace + tile * layout.headBytes;
      long values = keys + layout.keyBytes;
      int valid = 0;
      for (int key = 0; key < layout.keys; key++) {
        if (mask.address() == 0 || Memory.getByte(mask.row(item, 0) + key) != 0) {
          packKey(k.row(item, key) + column, keys, valid, layout.headDim);
          packValue(v.row(item, key) + column, values, valid, layout.headDim, layout.keys);
          valid++;
        }
      }
      for (; valid % TILE_COLUMNS != 0; valid++) {
        clearKey(keys, valid, layout.headDim);
      }
    }

    private static void packKey(long from, long keys, int index, int headDim) {
      long to = keyAddress(keys, index, headDim);
      for (int d = 0; d < headDim; d++, to += PANEL_BYTES) {
        Memory.setFloat(to, Memory.getFloat(from + 4L * d));
      }
    }

    /** The rest of the last panel of keys. */
    private static void clearKey(long keys, int index, int headDim) {
      long to = keyAddress(keys, index, headDim);
      for (int d = 0; d < headDim; d++, to += PANEL_BYTES) {
        Memory.setFloat(to, 0);
      }
    }

    private static long keyAddress(long keys, int index, int headDim) {
      return keys
          + (long) (index / TILE_COLUMNS) * headDim * PANEL_BYTES
          + 4L * (index % TILE_COLUMNS);
    }

    private static void packValue(long from, long values, int index, int headDim, int keys) {
      for (int d = 0; d < headDim; d += TILE_COLUMNS) {
        long to =
            values + (long) (d / TILE_COLUMNS) * keys * PANEL_BYTES + (long) index * PANEL_BYTES;
        int columns = Math.min(TILE_COLUMNS, headDim - d);
        for (int c = 0; c < columns; c++) {
          Memory.setFloat(to + 4L * c, Memory.getFloat(from + 4L * (d + c)));
        }
        Memory.clear(to + 4L * columns, PANEL_BYTES - 4L * columns);
      }
    }
  }

  /** A block of queries of one head of one batch item a tile. Scratch: addresses, sums, scores. */
  private record Attend(
      Layout layout,
      int batch,
      int heads,
      int queries,
      float scale,
      Rows q,
      Rows mask,
      Rows out,
      long workspace)
      implements HostKernel {
    private static final long QUERY_ROWS = 0;
    private static final long SCORE_ROWS = 128;
    private static final long TOTALS = 256;
    private static final long BLOCK = 320;
    private static final long SCORES = BLOCK + (long) TILE_ROWS * PANEL_BYTES;

    private int blocks() {
      return Math.max(1, (queries + QUERIES_PER_TILE - 1) / QUERIES_PER_TILE);
    }

    @Override
    public int tiles() {
      return Math.max(1, batch * heads * blocks());
    }

    @Override
    public long scratchBytes() {
      return SCORES + TILE_ROWS * layout.pitch;
    }

    @Override
    public void run(int tile, MemorySegment memory) {
      int head = tile / blocks();
      int item = head / heads;
      if (item >= batch) {
        return;
      }
      int first = tile % blocks() * QUERIES_PER_TILE;
      int end = Math.min(first + QUERIES_PER_TILE, queries);
      int valid = validKeys(item);
      long scratch = memory.address();
      for (int r = 0; r < TILE_ROWS; r++) {
        Memory.setLong(scratch + SCORE_ROWS + 8L * r, scratch + SCORES + r * layout.pitch);
      }
      for (int query = first; query < end; query += TILE_ROWS) {
        rows(item, head, query, Math.min(TILE_ROWS, end - query), valid, scratch);
      }
    }

    private int validKeys(int item) {
      int valid = layout.keys;
      for (int key = 0; key < layout.keys && mask.address() != 0; key++) {
        if (Memory.getByte(mask.row(item, 0) + key) == 0) {
          valid--;
        }
      }
      return valid;
    }

    private void rows(int item, int head, int query, int rows, int valid, long scratch) {
      long column = 4L * (head % heads) * layout.headDim;
      long keys = workspace + head * layout.headBytes;
      long values = keys + layout.keyBytes;
      for (int r = 0; r < TILE_ROWS; r++) {
        int row = query + Math.min(r, rows - 1);
        Memory.setLong(scratch + QUERY_ROWS + 8L * r, q.row(item, row) + column);
      }
      int depth = layout.headDim;
      for (int j = 0; j < valid; j += TILE_COLUMNS) {
        long panel = keys + 4L * j * depth;
        long to = scratch + SCORES + 4L * j;
        GemmTile.multiply(scratch + QUERY_ROWS, 0, 0, 1, depth, rows, panel, to, layout.pitch);
      }
      for (int r = 0; r < rows; r++) {
        long row = scratch + SCORES + r * layout.pitch;
        float largest = Exponential.largest(row, valid, scale);
        Exponential.write(row, row, valid, scale, largest, scratch + BLOCK);
        float total = AcrossLanes.sum(scratch + BLOCK);
        Memory.setFloat(scratch + TOTALS + 4L * r, total);
      }
      for (int d = 0; d < depth; d += TILE_COLUMNS) {
        long panel = values + 4L * d * layout.keys;
        long block = scratch + BLOCK;
        GemmTile.multiply(scratch + SCORE_ROWS, 0, 0, 1, valid, rows, panel, block, PANEL_BYTES);
        int columns = Math.min(TILE_COLUMNS, depth - d);
        divide(
            block,
            rows,
            columns,
            scratch + TOTALS,
            out.row(item, query) + column + 4L * d,
            out.pitch());
      }
    }
  }

  private static void divide(long block, int rows, int columns, long totals, long out, long pitch) {
    for (int r = 0; r < rows; r++) {
      FloatVector total = FloatVector.broadcast(FLOATS, Memory.getFloat(totals + 4L * r));
      for (int c = 0; c < columns; c += COUNT) {
        FloatVector quotient =
            FloatVector.fromMemorySegment(
                    FLOATS, ALL, block + (long) r * PANEL_BYTES + 4L * c, ORDER)
                .div(total);
        if (c + COUNT <= columns) {
          quotient.intoMemorySegment(ALL, out + r * pitch + 4L * c, ORDER);
        } else {
          quotient.intoMemorySegment(
              ALL, out + r * pitch + 4L * c, ORDER, FLOATS.indexInRange(c, columns));
        }
      }
    }
  }
}
