/*
 * The register tile that every matrix product of the library goes through: out[rows][columns] = A[rows][depth] * B[depth][columns].
 *
 *        <- TILE_COLUMNS ->
 *   ^     acc     acc         TILE_ROWS x 2 accumulators live in registers from the first product to the store (12 x 2 of
 *  rows   acc     acc         32 registers with AVX-512 and NEON, 6 x 2 of 16 with AVX2), with 2 vectors of B and a
 *   v     acc     acc         broadcast of A: 14 loads for 24 multiply-adds.
 *
 * A is not a matrix but a pointer for each row and tap: a convolution is the sum over its kernel taps of one product
 * each, whose A rows are the input pixels under that tap (indirection, as in Dukhan 2019); a linear layer has one tap. B is
 * a packed panel, [taps][depth][TILE_COLUMNS]. Elements are those of products.h: a float, or two bf16. A row's result depends on that row alone and is summed in the order of tap and
 * depth, however many rows the tile has.
 */
#ifndef DETR4J_GEMM_TILE_H
#define DETR4J_GEMM_TILE_H

#include "kernel.h"
#include "products.h"

#if defined(__clang__)
#define UNROLL_ROWS _Pragma("clang loop unroll(full)")
#else
#define UNROLL_ROWS _Pragma("GCC unroll 12")
#endif

typedef struct gemm_tile {
  const float *const *rows; /* [taps][pitch]: where each row of A begins under each tap */
  int64_t pitch;
  int64_t offset; /* added to every pointer: the first channel of a group */
  int64_t taps;
  int64_t depth;
} gemm_tile;

/*
 * The sums of one tile. height is a constant wherever this is inlined, so the loops over rows unroll and left and right are
 * registers. Rows from valid on repeat the last valid one, instead of a variant for each number of rows; they are not stored.
 */
V_INLINE void gemm_tile_sums(
    const int height, const gemm_tile *t, int64_t first, int64_t valid, const float *b, v_f32 *left, v_f32 *right) {
  UNROLL_ROWS
  for (int r = 0; r < height; r++) {
    left[r] = v_zero();
    right[r] = v_zero();
  }
  const int64_t depth = t->depth;
  for (int64_t tap = 0; tap < t->taps; tap++) {
    const float *const *rows = t->rows + tap * t->pitch + first;
    const float *a[TILE_ROWS];
    UNROLL_ROWS
    for (int r = 0; r < height; r++) a[r] = rows[r < valid ? r : valid - 1] + t->offset;
    for (int64_t k = 0; k < depth; k++, b += TILE_COLUMNS) {
      const v_f32 b_left = v_load(b), b_right = v_load(b + V_LANES);
      UNROLL_ROWS
      for (int r = 0; r < height; r++) {
        const v_f32 x = v_set1(a[r][k]);
        left[r] = TILE_DOT(x, b_left, left[r]);
        right[r] = TILE_DOT(x, b_right, right[r]);
      }
    }
  }
}

V_INLINE void gemm_tile_of_height(
    const int height, const gemm_tile *t, int64_t first, int64_t valid, const float *b, float *out, int64_t out_pitch) {
  v_f32 left[TILE_ROWS], right[TILE_ROWS];
  gemm_tile_sums(height, t, first, valid, b, left, right);
  UNROLL_ROWS
  for (int r = 0; r < height; r++) {
    if (r < valid) {
      v_store(out + r * out_pitch, left[r]);
      v_store(out + r * out_pitch + V_LANES, right[r]);
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
    gemm_tile_of_height(1, t, first, valid, b, out, out_pitch);
  } else if (valid == 2) {
    gemm_tile_of_height(2, t, first, valid, b, out, out_pitch);
#if TILE_ROWS > 4
  } else if (valid <= 4) {
    gemm_tile_of_height(4, t, first, valid, b, out, out_pitch);
#endif
#if TILE_ROWS > 8
  } else if (valid <= 8) {
    gemm_tile_of_height(8, t, first, valid, b, out, out_pitch);
#endif
  } else {
    gemm_tile_of_height(TILE_ROWS, t, first, valid, b, out, out_pitch);
  }
}

#endif /* DETR4J_GEMM_TILE_H */
