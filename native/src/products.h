/*
 * What the products of a matrix kernel are made of. A kernel on gemm_tile.h can be compiled twice: as it is, for fp32,
 * and with DETR4J_PRODUCTS_BF16, where two neighbouring channels lie in one 32-bit word as bf16, the even one in
 * the low half, and one instruction adds both products to an fp32 sum. The register tile counts words and does not know.
 *
 *   PRODUCTS_KERNEL(name, part)   the kernel's name with its precision in between: detr4j_winograd_conv2d, _tiles
 *   WORD_VALUES                   values of one word
 *   words_of(channels)            words of so many channels
 *   row_words(words, row, type, n)  n elements of a row of a map as words; the partner of an odd last one is left as it is
 *   words_in_place_or_copied(row, type, n, words)  where these words are: in the map, or in `words` (fp32 ones need none)
 *   PACKED_TYPE                   the type of words' values: what maps are copied to that are read often
 *   put_elements(to, row, type, n)  n elements of a row of a map as values of that type
 *   put_in_columns(row, k, words, n)  words of n columns, one value each, into a panel's row as value k of its depth
 *   store_channels(row, c, v, n)  channels c .. c + n of a row of words, n <= V_LANES; c is a multiple of V_LANES
 *   TILE_DOT(x, b, sum)           sum + x b, lane by lane
 */
#ifndef DETR4J_PRODUCTS_H
#define DETR4J_PRODUCTS_H

#include "finish.h"
#include "kernel.h"

#if defined(DETR4J_PRODUCTS_BF16)

#define PRODUCTS_KERNEL(name, part) KERNEL(DETR4J_JOIN(DETR4J_JOIN(name, _bf16), part))
#define TILE_DOT(x, b, sum) v_dot_bf16(x, b, sum)

enum { WORD_VALUES = 2, PACKED_TYPE = DETR4J_TYPE_BF16 };
static inline int64_t words_of(int64_t channels) { return ceil_div(channels, WORD_VALUES); }

/* What is above n up to the end of the last word becomes 0. */
V_INLINE void store_channels(float *row, int64_t c, v_f32 v, int64_t n) {
  v_store_bf16((uint16_t *)row + c, v_first(v, n), n == V_LANES ? n : 2 * words_of(n));
}

/* n elements of a map rounded to bf16; returns the place behind them. */
V_INLINE uint16_t *put_values(uint16_t *to, const void *map, int32_t type, int64_t n) {
  if (type == DETR4J_TYPE_BF16) {
    memcpy(to, map, (size_t)n * sizeof(uint16_t));
    return to + n;
  }
  const float *from = map;
  int64_t i = 0;
  for (; i + 2 * V_LANES <= n; i += 2 * V_LANES) v_store_bf16_pair(to + i, v_load(from + i), v_load(from + i + V_LANES));
  for (; i + V_LANES <= n; i += V_LANES) v_store_bf16(to + i, v_load(from + i), V_LANES);
  if (i < n) v_store_bf16(to + i, v_load_partial(from + i, n - i), n - i);
  return to + n;
}

V_INLINE uint16_t *put_zeros(uint16_t *to, int64_t n) {
  memset(to, 0, (size_t)n * sizeof(uint16_t));
  return to + n;
}

V_INLINE void put_elements(void *to, const void *row, int32_t type, int64_t n) { put_values(to, row, type, n); }
V_INLINE void row_words(uint32_t *words, const void *row, int32_t type, int64_t n) { put_values((uint16_t *)words, row, type, n); }

V_INLINE const float *words_in_place_or_copied(const void *row, int32_t type, int64_t n, float *words) {
  if (type == DETR4J_TYPE_BF16 && n % 2 == 0 && (uintptr_t)row % sizeof(float) == 0) return row;
  words[words_of(n) - 1] = 0.0f;
  put_values((uint16_t *)words, row, type, n);
  return words;
}

V_INLINE void put_in_columns(uint32_t *row, int64_t k, const uint32_t *words, int64_t n) {
  const uint16_t *values = (const uint16_t *)words;
  uint16_t *halves = (uint16_t *)row + k % 2;
  for (int64_t c = 0; c < n; c++) halves[2 * c] = values[c];
}

#else

#define PRODUCTS_KERNEL(name, part) KERNEL(DETR4J_JOIN(DETR4J_JOIN(name, _f32), part))
#define TILE_DOT(x, b, sum) v_fmadd(x, b, sum)

enum { WORD_VALUES = 1, PACKED_TYPE = DETR4J_TYPE_F32 };
static inline int64_t words_of(int64_t channels) { return channels; }

V_INLINE void store_channels(float *row, int64_t c, v_f32 v, int64_t n) {
  (void)n; /* rows of words are padded to whole vectors */
  v_store(row + c, v);
}

V_INLINE void put_elements(void *to, const void *row, int32_t type, int64_t n) {
  (void)type;
  memcpy(to, row, (size_t)n * sizeof(float));
}
V_INLINE void row_words(uint32_t *words, const void *row, int32_t type, int64_t n) { put_elements(words, row, type, n); }

V_INLINE const float *words_in_place_or_copied(const void *row, int32_t type, int64_t n, float *words) {
  (void)type, (void)n, (void)words;
  return row;
}

V_INLINE void put_in_columns(uint32_t *row, int64_t k, const uint32_t *words, int64_t n) {
  (void)k;
  memcpy(row, words, (size_t)n * sizeof(float));
}

#endif

#endif /* DETR4J_PRODUCTS_H */
