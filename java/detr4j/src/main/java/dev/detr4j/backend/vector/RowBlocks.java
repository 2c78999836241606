package dev.detr4j.backend.vector;

/**
 * How the rows of a tensor are cut into tiles: blocks of rows of one batch item, items outermost.
 */
record RowBlocks(int batch, int rows, int rowsPerTile) {
  /**
   * Small enough to stay in the caches and to be shared evenly, large enough to be worth a tile.
   */
  private static final int TILE_ELEMENTS = 16 << 10;

  static RowBlocks of(int batch, long rows, long elementsPerRow) {
    return new RowBlocks(
        batch,
        Math.toIntExact(rows),
        (int) Math.max(1, TILE_ELEMENTS / Math.max(1, elementsPerRow)));
  }

  /** Blocks of one batch item. */
  int perItem() {
    return (rows + rowsPerTile - 1) / rowsPerTile;
  }

  /** At least 1, as the worker pool wants it; a tile of an empty tensor has no rows. */
  int tiles() {
    return Math.max(1, batch * perItem());
  }

  int item(int tile) {
    return tile / Math.max(1, perItem());
  }

  int first(int tile) {
    return tile % Math.max(1, perItem()) * rowsPerTile;
  }

  int end(int tile) {
    return batch == 0 ? 0 : Math.min(first(tile) + rowsPerTile, rows);
  }
}
