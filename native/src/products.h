/*
 * What the products of a matrix kernel are made of. A kernel on gemm_tile.h can be compiled twice: as it is, for fp32,
 * and with DETR4J_PRODUCTS_BF16, where two neighbouring channels lie in one 32-bit word as bf16, the even one in
 * the low half, and one instruction adds both products to an fp32 sum. The register tile counts words and does not know.
 *
 *   PRODUCTS_KERNEL(name, part)   the kernel's name with its precision in between: detr4j_winograd_conv2d, _tiles
 *   words_of(channels)            words of so many channels
 *   store_channels(row, c, v, n)  channels c .. c + n of a row of words, n <= V_LANES; c is a multiple of V_LANES
 *   TILE_DOT(x, b, sum)           sum + x b, lane by lane
 */
#ifndef DETR4J_PRODUCTS_H
#define DETR4J_PRODUCTS_H

#include "kernel.h"

#if defined(DETR4J_PRODUCTS_BF16)

#define PRODUCTS_KERNEL(name, part) KERNEL(DETR4J_JOIN(DETR4J_JOIN(name, _bf16), part))
#define TILE_DOT(x, b, sum) v_dot_bf16(x, b, sum)

static inline int64_t words_of(int64_t channels) { return ceil_div(channels, 2); }

/* What is above n up to the end of the last word becomes 0. */
V_INLINE void store_channels(float *row, int64_t c, v_f32 v, int64_t n) {
  v_store_bf16((uint16_t *)row + c, v_first(v, n), n == V_LANES ? n : 2 * words_of(n));
}

#else

#define PRODUCTS_KERNEL(name, part) KERNEL(DETR4J_JOIN(DETR4J_JOIN(name, _f32), part))
#define TILE_DOT(x, b, sum) v_fmadd(x, b, sum)

static inline int64_t words_of(int64_t channels) { return channels; }

V_INLINE void store_channels(float *row, int64_t c, v_f32 v, int64_t n) {
  (void)n; /* rows of words are padded to whole vectors */
  v_store(row + c, v);
}

#endif

#endif /* DETR4J_PRODUCTS_H */
