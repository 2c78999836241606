/*
 * The input of a thread's next tile, asked for while the products of this one run. Otherwise the products wait for memory
 * at the start of each tile: that took 6 % of a 256 x 256 layer of 45,200 rows, and another 4 % of it with a residual.
 *
 *   register tiles of this tile    | 1 | 2 | 3 | . . . . . . . . | n - 1 | n |
 *   lines of the next tile's rows                    24     24    24   at the end, so that they are still in L2
 */
#ifndef DETR4J_READ_AHEAD_H
#define DETR4J_READ_AHEAD_H

#include "finish.h"
#include "kernel.h"

/* What processors fetch at once, and how much of it in the time of a register tile: few enough to be under way together. */
enum { LINE = 64, LINES_AHEAD = 24 };

typedef struct read_ahead {
  const char *here;
  int64_t bytes; /* from here on */
} read_ahead;

/* rows rows of a map, of columns elements each, the first one at element first. */
static inline read_ahead rows_ahead(const void *map, int32_t type, int64_t first, int64_t rows, int64_t row_stride, int64_t columns) {
  if (map == NULL) return (read_ahead){NULL, 0};
  return (read_ahead){map_at(map, type, first), ((rows - 1) * row_stride + columns) * MAP_BYTES(type)};
}

/* Called ahead of each register tile of a block; tiles_left counts those that follow. */
V_INLINE void ask_ahead(read_ahead *next, int64_t tiles_left) {
  if (next->bytes <= tiles_left * (LINES_AHEAD * LINE)) return;
  for (int i = 0; i < LINES_AHEAD && next->bytes > 0; i++, next->here += LINE, next->bytes -= LINE) {
    __builtin_prefetch(next->here, 0, 2);
  }
}

#endif /* DETR4J_READ_AHEAD_H */
