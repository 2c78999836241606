package dev.detr4j.backend.c;

/**
 * How large to cut tiles: small enough that every thread gets several, large enough that handing
 * them out costs nothing beside the work.
 *
 * @param rowStep rows of a matrix product's tile are a multiple of it
 * @param fewestMultiplyAdds of a matrix product's tile
 */
record TileSizes(int rowStep, long fewestMultiplyAdds) {
  /**
   * For register tiles: rows are a multiple of those of every tier (12 and 6, 4 for others). A tile
   * is about fifteen microseconds of multiply-adds on one core with AVX-512.
   */
  static final TileSizes REGISTERS = new TileSizes(12, 1 << 21);

  /** For matrix tiles, whose products have 32 rows and take a tenth of the time. */
  static final TileSizes MATRIX_TILES = new TileSizes(32, 1 << 24);

  /** Tiles for each thread, so that a slow one is made up for by the others. */
  private static final int TILES_PER_THREAD = 4;

  /** Enough for eight threads; joining them costs below 1 % of a large map's normalisation. */
  private static final int STATISTICS_TILES = 32;

  /** About ten microseconds of memory traffic, against well below one for handing out a tile. */
  private static final long FEWEST_ELEMENTS = 1 << 14;

  /**
   * A quarter of a common L2 cache, for a block's input beside one panel of weights. Anything from
   * 48 to 768 rows runs within 2 % of the best; far larger blocks of a narrow layer lose 4 %.
   */
  private static final long INPUT_BYTES = 256 << 10;

  private static final int FEWEST_ROWS = 48;

  /** The block of a matrix product: output rows of a tile and weight panels of a tile. */
  record Block(int rows, int panels) {}

  /**
   * Rows of a tile of an operation that passes over memory once.
   *
   * @param items batch items, each with {@code rows} rows of {@code elements} elements
   */
  static int rows(int threads, long items, long rows, long elements) {
    long total = Math.max(1, items) * Math.max(1, rows) * Math.max(1, elements);
    long tiles = wanted(threads, total / FEWEST_ELEMENTS);
    long tilesOfItem = Math.max(1, tiles / Math.max(1, items));
    return Math.clamp((rows + tilesOfItem - 1) / tilesOfItem, 1, 1 << 20);
  }

  /**
   * Rows of a tile of an operation whose tiles leave statistics that are then joined.
   *
   * <p>The same for every number of threads, because the order of such a sum follows the tiles: a
   * result must not depend on the machine's processors. Every tile joins the statistics of all,
   * which bounds their number.
   */
  static int statisticsRows(long items, long rows, long elements) {
    return rows(STATISTICS_TILES / TILES_PER_THREAD, items, rows, elements);
  }

  /**
   * The block of a convolution or linear layer.
   *
   * @param rows output rows of one batch item
   * @param panels weight panels
   * @param rowBytes bytes of input that one more output row needs
   * @param rowMultiplyAdds multiply-adds of one output row, all panels
   */
  Block block(int threads, long items, long rows, int panels, long rowBytes, long rowMultiplyAdds) {
    long most = Math.max(FEWEST_ROWS, INPUT_BYTES / Math.max(1, rowBytes));
    // Even blocks: 264 and 36 rows would keep one of two threads waiting.
    long blocks = ceilDiv(Math.max(1, rows), most);
    long blockRows = Math.min(roundUp(ceilDiv(Math.max(1, rows), blocks)), 1 << 20);
    int blockPanels = Math.max(1, panels);
    long tiles = wanted(threads, items * rows * rowMultiplyAdds / fewestMultiplyAdds);
    while (items * ceilDiv(rows, blockRows) * ceilDiv(panels, blockPanels) < tiles) {
      if (blockRows >= 2 * FEWEST_ROWS) {
        blockRows = roundUp(blockRows / 2);
      } else if (blockPanels > 1) {
        blockPanels = (blockPanels + 1) / 2;
      } else {
        break;
      }
    }
    return new Block((int) blockRows, blockPanels);
  }

  private static long wanted(int threads, long most) {
    return threads == 1 ? 1 : Math.clamp((long) TILES_PER_THREAD * threads, 1, Math.max(1, most));
  }

  private long roundUp(long rows) {
    return ceilDiv(Math.max(1, rows), rowStep) * rowStep;
  }

  private static long ceilDiv(long a, long b) {
    return (a + b - 1) / b;
  }
}
