/*
 * The register tiles that every matrix product of the library goes through: out[rows][columns] = A[rows][depth] * B[depth][columns].
 *
 *        <- TILE_COLUMNS ->                          <--- two panels --->
 *   ^     acc     acc                           ^     acc  acc  acc  acc      WIDE_ROWS
 *  TILE_  acc     acc                           v     acc  acc  acc  acc
 *  ROWS   acc     acc
 *   v     acc     acc         The accumulators live in registers from the first product to the store (24 of 32 with AVX-512
 *                             and NEON, 12 of 16 with AVX2), with the vectors of B and a broadcast of A.
 *
 * The wide tile is for processors that multiply as fast as they load: it needs 10 loads for 24 multiply-adds, the narrow one of
 * as many registers 14. On Ice Lake, from L1, that is 97 % of the peak and 87 %. The narrow one takes what is left: a panel
 * without a neighbour, and the last rows.
 *
 * A is not a matrix but a pointer for each row and tap: a convolution is the sum over its kernel taps of one product
 * each, whose A rows are the input pixels under that tap (indirection, as in Dukhan 2019); a linear layer has one tap. B is
 * packed in panels, [taps][depth][TILE_COLUMNS]. Elements are those of products.h: a float, or two bf16. A row's result depends on that row alone and is summed in the order of tap and
 * depth, whatever the tile.
 */
#ifndef DETR4J_GEMM_TILE_H
#define DETR4J_GEMM_TILE_H

#include "kernel.h"
#include "products.h"

#if defined(__clang__)
#define UNROLL_TILE _Pragma("clang loop unroll(full)")
#else
#define UNROLL_TILE _Pragma("GCC unroll 24")
#endif

enum { TILE_ACCUMULATORS = TILE_ROWS * TILE_VECTORS };

#if defined(WIDE_ROWS)
enum { MAX_PANELS = 2 };
_Static_assert(WIDE_ROWS * 2 * TILE_VECTORS <= TILE_ACCUMULATORS, "the wide tile has no more accumulators than the narrow one");
#else
enum { MAX_PANELS = 1 };
#endif

typedef struct gemm_tile {
  const float *const *rows; /* [taps][pitch]: where each row of A begins under each tap */
  int64_t pitch;
  int64_t offset; /* added to every pointer: the first channel of a group */
  int64_t taps;
  int64_t depth;
  int64_t panel_pitch; /* floats of B from one panel to the next */
} gemm_tile;

/*
 * The sums of one tile: row r's vector c is sums[r * panels * TILE_VECTORS + c]. height and panels are constants wherever this is
 * inlined, so the loops over rows and vectors unroll and sums are registers. Rows from valid on repeat the last valid one, instead of a variant for each number of
 * rows; they are not stored.
 */
V_INLINE void gemm_tile_sums(
    const int height, const int panels, const gemm_tile *t, int64_t first, int64_t valid, const float *b, v_f32 *sums) {
  const int vectors = panels * TILE_VECTORS;
  UNROLL_TILE
  for (int i = 0; i < height * vectors; i++) sums[i] = v_zero();
  const int64_t depth = t->depth, pitch = t->panel_pitch;
  for (int64_t tap = 0; tap < t->taps; tap++) {
    const float *const *rows = t->rows + tap * t->pitch + first;
    const float *a[TILE_ROWS];
    UNROLL_TILE
    for (int r = 0; r < height; r++) a[r] = rows[r < valid ? r : valid - 1] + t->offset;
    for (int64_t k = 0; k < depth; k++, b += TILE_COLUMNS) {
      v_f32 columns[MAX_PANELS * TILE_VECTORS];
      UNROLL_TILE
      for (int c = 0; c < vectors; c++) columns[c] = v_load(b + c / TILE_VECTORS * pitch + c % TILE_VECTORS * V_LANES);
      UNROLL_TILE
      for (int r = 0; r < height; r++) {
        const v_f32 x = v_set1(a[r][k]);
        UNROLL_TILE
        for (int c = 0; c < vectors; c++) sums[r * vectors + c] = TILE_DOT(x, columns[c], sums[r * vectors + c]);
      }
    }
  }
}

/* The tile into memory; out_panel floats lie between the columns of one panel and those of the next. */
V_INLINE void gemm_tile_of_size(
    const int height, const int panels, const gemm_tile *t, int64_t first, int64_t valid, const float *b, float *out,
    int64_t out_pitch, int64_t out_panel) {
  const int vectors = panels * TILE_VECTORS;
  v_f32 sums[TILE_ACCUMULATORS];
  gemm_tile_sums(height, panels, t, first, valid, b, sums);
  UNROLL_TILE
  for (int r = 0; r < height; r++) {
    if (r < valid) {
      UNROLL_TILE
      for (int c = 0; c < vectors; c++) {
        v_store(out + c / TILE_VECTORS * out_panel + r * out_pitch + c % TILE_VECTORS * V_LANES, sums[r * vectors + c]);
      }
    }
  }
}

/*
 * Rows [first, first + valid) of t times one panel into out, valid <= TILE_ROWS. All TILE_COLUMNS of a row are written. Not inlined:
 * the loop needs 14 of the 15 address registers of x86-64, and what surrounds it would push some of them onto the stack.
 */
static __attribute__((noinline)) void gemm_tile_multiply(
    const gemm_tile *t, int64_t first, int64_t valid, const float *b, float *out, int64_t out_pitch) {
  if (valid == 1) {
    gemm_tile_of_size(1, 1, t, first, valid, b, out, out_pitch, 0);
  } else if (valid == 2) {
    gemm_tile_of_size(2, 1, t, first, valid, b, out, out_pitch, 0);
#if TILE_ROWS > 4
  } else if (valid <= 4) {
    gemm_tile_of_size(4, 1, t, first, valid, b, out, out_pitch, 0);
#endif
#if TILE_ROWS > 8
  } else if (valid <= 8) {
    gemm_tile_of_size(8, 1, t, first, valid, b, out, out_pitch, 0);
#endif
  } else {
    gemm_tile_of_size(TILE_ROWS, 1, t, first, valid, b, out, out_pitch, 0);
  }
}

#if defined(WIDE_ROWS)
static __attribute__((noinline)) void gemm_tile_multiply_wide(
    const gemm_tile *t, int64_t first, const float *b, float *out, int64_t out_pitch, int64_t out_panel) {
  gemm_tile_of_size(WIDE_ROWS, 2, t, first, WIDE_ROWS, b, out, out_pitch, out_panel);
}
#endif

/* Rows [first, first + count) of t times one panel or MAX_PANELS of them. A row's result is the same, whatever is computed beside it. */
V_INLINE void gemm_multiply(
    const gemm_tile *t, int64_t first, int64_t count, int64_t panels, const float *b, float *out, int64_t out_pitch,
    int64_t out_panel) {
  int64_t done = 0;
#if defined(WIDE_ROWS)
  for (; panels == MAX_PANELS && done + WIDE_ROWS <= count; done += WIDE_ROWS) {
    gemm_tile_multiply_wide(t, first + done, b, out + done * out_pitch, out_pitch, out_panel);
  }
#endif
  for (int64_t panel = 0; panel < panels; panel++, b += t->panel_pitch, out += out_panel) {
    for (int64_t r = done; r < count; r += TILE_ROWS) {
      gemm_tile_multiply(t, first + r, min_i64(TILE_ROWS, count - r), b, out + r * out_pitch, out_pitch);
    }
  }
}

#endif /* DETR4J_GEMM_TILE_H */
