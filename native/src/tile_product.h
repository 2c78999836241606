/*
 * Matrix products in AMX tiles: sums[rows][32] = A[rows][depth] * B[depth][32], bf16 factors and fp32 sums.
 *
 *                              B: one step of a panel, 16 words deep
 *                              +-----------+-----------+
 *                              |  tile 6   |  tile 7   |
 *                              +-----------+-----------+
 *    A      +-----------+      +-----------+-----------+
 *    0..15  |  tile 4   |      |  tile 0   |  tile 1   |      four sums for four loads a step: a product takes 16 cycles,
 *           +-----------+      +-----------+-----------+      a load from L1 takes 8, so products never wait for loads
 *   16..31  |  tile 5   |      |  tile 2   |  tile 3   |
 *           +-----------+      +-----------+-----------+
 *            16 words           16 columns  16 columns
 *
 * A word holds two bf16 that follow each other in the depth. Rows of A lie pitch bytes apart, in the map itself or in scratch. B is
 * a packed panel of products.h, [words][TILE_COLUMNS], just as the dot products of avx512-bf16 read it: 16 rows of it are two tiles
 * side by side. A convolution is a sum over its taps, whose rows of A begin at an offset each.
 *
 * A depth is whole steps of 16 words; where a panel ends within one, its last step is a copy filled up with zeros, and A has
 * zeros there too. Fewer than 32 rows are another configuration, so that nothing behind the last row is read.
 */
#ifndef DETR4J_TILE_PRODUCT_H
#define DETR4J_TILE_PRODUCT_H

#include "kernel.h"
#include "products.h"
#include "simd/amx.h"

#if TILE_COLUMNS != 2 * 16
#error "panels are two tiles wide"
#endif

enum {
  PRODUCT_ROWS = 2 * AMX_ROWS,
  STEP_WORDS = AMX_WORDS,
  STEP_BYTES = AMX_ROW_BYTES,
  B_PITCH = TILE_COLUMNS * 4
};

typedef struct tile_product {
  const char *a; /* the first row */
  int64_t pitch;
  int64_t taps;
  const int64_t *tap_offsets; /* bytes; of one tap that begins at the row itself: NULL */
  int64_t steps;              /* whole ones of a panel and tap */
  int rows;                   /* that the tiles are configured for; 0: they are not */
  int64_t tail_words;         /* of a last step of the panel that is not whole, or 0; with one tap only */
  _Alignas(64) uint32_t tail[STEP_WORDS * TILE_COLUMNS];
} tile_product;

static inline void set_depth(tile_product *t, int64_t words) {
  t->steps = words / STEP_WORDS;
  t->tail_words = words % STEP_WORDS;
}

/* Called for each panel before its sums. What lies behind the copy is still the 0 of the struct's initialisation. */
static inline void set_panel_tail(tile_product *t, const uint32_t *panel) {
  if (t->tail_words == 0) return;
  memcpy(t->tail, panel + t->steps * STEP_WORDS * TILE_COLUMNS, (size_t)t->tail_words * B_PITCH);
}

static inline void set_rows(tile_product *t, int rows) {
  if (t->rows == rows) return;
  const uint8_t upper = (uint8_t)(rows < AMX_ROWS ? rows : AMX_ROWS), lower = (uint8_t)(rows - upper);
  amx_shape shape = {.palette = 1};
  for (int i = 0; i < AMX_TILES; i++) {
    shape.rows[i] = i >= 6 ? AMX_ROWS : i == 2 || i == 3 || i == 5 ? lower : upper;
    shape.row_bytes[i] = shape.rows[i] == 0 ? 0 : AMX_ROW_BYTES;
  }
  amx_configure(&shape);
  t->rows = rows;
}

/* The tiles are free again; every kernel ends with it. */
static inline void release_tiles(tile_product *t) {
  if (t->rows != 0) amx_release();
  t->rows = 0;
}

V_INLINE void add_step(const int both, const char *upper, const char *lower, int64_t pitch, const char *b) {
  amx_load(6, b, B_PITCH);
  amx_load(4, upper, pitch);
  amx_load(7, b + AMX_ROW_BYTES, B_PITCH);
  amx_dot_bf16(0, 4, 6);
  if (both) amx_load(5, lower, pitch);
  amx_dot_bf16(1, 4, 7);
  if (both) {
    amx_dot_bf16(2, 5, 6);
    amx_dot_bf16(3, 5, 7);
  }
}

V_INLINE void sums_of(const int both, const tile_product *t, int64_t first, const uint32_t *panel, float *sums, int64_t sums_pitch) {
  amx_zero(0);
  amx_zero(1);
  if (both) {
    amx_zero(2);
    amx_zero(3);
  }
  const char *b = (const char *)panel;
  const int64_t pitch = t->pitch;
  for (int64_t tap = 0; tap < t->taps; tap++) {
    const char *upper = t->a + first * pitch + (t->tap_offsets == NULL ? 0 : t->tap_offsets[tap]);
    const char *lower = upper + AMX_ROWS * pitch;
    for (int64_t step = 0; step < t->steps; step++, upper += STEP_BYTES, lower += STEP_BYTES, b += STEP_WORDS * B_PITCH) {
      add_step(both, upper, lower, pitch, b);
    }
    if (t->tail_words != 0) add_step(both, upper, lower, pitch, (const char *)t->tail);
  }
  const int64_t bytes = sums_pitch * (int64_t)sizeof(float);
  amx_store(0, sums, bytes);
  amx_store(1, sums + AMX_WORDS, bytes);
  if (both) {
    amx_store(2, sums + AMX_ROWS * sums_pitch, bytes);
    amx_store(3, sums + AMX_ROWS * sums_pitch + AMX_WORDS, bytes);
  }
}

/* Rows [first, first + rows) of A times one panel, 1 <= rows <= PRODUCT_ROWS. All TILE_COLUMNS of a row are written. */
static inline void tile_sums(tile_product *t, int64_t first, int64_t rows, const uint32_t *panel, float *sums, int64_t sums_pitch) {
  set_rows(t, (int)rows);
  if (rows > AMX_ROWS) {
    sums_of(1, t, first, panel, sums, sums_pitch);
  } else {
    sums_of(0, t, first, panel, sums, sums_pitch);
  }
}

#endif /* DETR4J_TILE_PRODUCT_H */
