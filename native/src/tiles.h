// Which rows a tile covers, for the ops that cut [batch][rows] into blocks of rows_per_tile rows.
#ifndef DETR4J_TILES_H
#define DETR4J_TILES_H

#include <stdint.h>

// Rows begin to end (exclusive) of one batch item.
typedef struct row_range {
  int64_t item, begin, end;
} row_range;

static inline int64_t row_blocks(int64_t rows, int64_t rows_per_tile) {
  return rows <= 0 || rows_per_tile <= 0 ? 0 : (rows - 1) / rows_per_tile + 1;
}

static inline int64_t row_tiles(int64_t batch, int64_t rows, int64_t rows_per_tile) {
  return batch <= 0 ? 0 : batch * row_blocks(rows, rows_per_tile);
}

// The rows of a tile; returns 0 when there is no such tile.
static inline int rows_of_tile(row_range *range, int64_t tile, int64_t batch, int64_t rows, int64_t rows_per_tile) {
  if (tile < 0 || tile >= row_tiles(batch, rows, rows_per_tile)) {
    return 0;
  }
  const int64_t blocks = row_blocks(rows, rows_per_tile);
  range->item = tile / blocks;
  range->begin = tile % blocks * rows_per_tile;
  range->end = range->begin + rows_per_tile < rows ? range->begin + rows_per_tile : rows;
  return 1;
}

#endif // DETR4J_TILES_H
