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

  private RegisterTile() {}
}
