package dev.detr4j.backend.host;

import java.lang.foreign.MemorySegment;

/** A kernel of the host in Java: rows of every batch item, some in a tile. */
final class RowLoop implements HostKernel {
  /** What is done with one row of an item. */
  @FunctionalInterface
  interface Row {
    /** Runs it. */
    void run(int item, int row);
  }

  private final int rows;
  private final int rowsPerTile;
  private final int tilesPerItem;
  private final int batch;
  private final Row body;

  private RowLoop(int batch, int rows, int rowsPerTile, Row body) {
    this.batch = batch;
    this.rows = rows;
    this.rowsPerTile = rowsPerTile;
    this.tilesPerItem = Math.max(1, (rows + rowsPerTile - 1) / rowsPerTile);
    this.body = body;
  }

  /**
   * A loop.
   *
   * @param elements of a row: a tile has some thousands
   */
  static RowLoop of(int batch, long rows, long elements, Row body) {
    return new RowLoop(
        batch,
        Math.toIntExact(rows),
        Math.clamp((1 << 14) / Math.max(1, elements), 1, 1 << 20),
        body);
  }

  @Override
  public int tiles() {
    return Math.max(1, batch * tilesPerItem);
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int item = tile / tilesPerItem;
    if (item >= batch) {
      return;
    }
    int first = tile % tilesPerItem * rowsPerTile;
    int end = Math.min(first + rowsPerTile, rows);
    for (int row = first; row < end; row++) {
      body.run(item, row);
    }
  }
}
