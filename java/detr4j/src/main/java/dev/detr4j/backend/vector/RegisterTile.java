package dev.detr4j.backend.vector;

/**
 * The extents of {@link GemmTile}, which those share who pack panels for it, cut rows into tiles or
 * finish its sums. Constants, as in {@link Lanes}.
 */
final class RegisterTile {
  /** Columns of a register tile and of a packed panel: two vectors. */
  static final int TILE_COLUMNS = 2 * Lanes.COUNT;

  /** Bytes of one row of a panel. */
  static final int PANEL_BYTES = 4 * TILE_COLUMNS;

  /** Rows of a register tile; {@link GemmTile} says why so few. */
  static final int TILE_ROWS = 6;

  /**
   * Panels that are multiplied at once where there are two, by {@link WideGemmTile}: with vectors
   * of 512 bits, which come with 32 registers. Elsewhere its sums would not stay in registers.
   */
  static final int PANELS_AT_ONCE = Lanes.COUNT == 16 ? 2 : 1;

  /** What blocks of rows are multiples of: both tiles divide it, and neither reads past a block. */
  static final int BLOCK_ROWS = 12;

  private RegisterTile() {}
}
