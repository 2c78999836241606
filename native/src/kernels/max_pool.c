// Maximum under a square window, channels last.
//
// An output row is made in chunks of VECTORS vectors of channels. For each input column the maximum down the rows of the
// window is taken once; a 3x3 window of stride 2 keeps that of its last column in registers for the window to the right:
//
//   columns   0 1 2 3 4 ...      window 0 = max(col 0, col 1, col 2)
//             [___]              window 1 = max(col 2, col 3, col 4): 6 loads a window instead of 9
//                 [___]
//
// Positions off the map are left out, so they never win; v_max_nan lets NaN win. Compiled for fp32 maps and for bf16 ones.

#include "finish.h"
#include "kernel.h"
#include "products.h"
#include "tiles.h"

enum { VECTORS = 4 };

typedef struct chunk {
  v_f32 v[VECTORS];
} chunk;

// The map rows under a window, and the chunk's place in them.
typedef struct column {
  const void *x; // first row of the window, column 0, first channel of the chunk
  int64_t row_step, column_step;
  int32_t rows;
} column;

V_INLINE chunk column_max(const int32_t type, const column *k, int64_t at, const int vectors, int64_t n) {
  chunk best;
#pragma GCC unroll 4
  for (int j = 0; j < vectors; j++) {
    const void *x = element_at(k->x, type, at * k->column_step + j * V_LANES);
    v_f32 max = load_map(x, type, n);
    for (int32_t i = 1; i < k->rows; i++) {
      x = element_at(x, type, k->row_step);
      max = v_max_nan(max, load_map(x, type, n));
    }
    best.v[j] = max;
  }
  return best;
}

V_INLINE void pool_row(const detr4j_max_pool *p, const int32_t type, const column *k, void *out, const int vectors, int64_t n) {
  const int shares = p->kernel == 3 && p->stride == 2; // the last column is the next window's first
  chunk last = {{v_zero()}};
  int have_last = 0;
  for (int32_t ox = 0; ox < p->out_w; ox++) {
    const int32_t left = ox * p->stride - p->padding;
    const int32_t begin = left < 0 ? 0 : left, end = left + p->kernel < p->in_w ? left + p->kernel : p->in_w;
    chunk best = have_last ? last : column_max(type, k, begin, vectors, n);
    chunk right = best;
    for (int32_t ix = begin + 1; ix < end; ix++) {
      right = column_max(type, k, ix, vectors, n);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; j++) {
        best.v[j] = v_max_nan(best.v[j], right.v[j]);
      }
    }
    last = right;
    have_last = shares && end == left + 3;
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) {
      store_map(map_at_mutable(out, p->out_type, ox * p->out_row_stride + j * V_LANES), p->out_type, best.v[j], n);
    }
  }
}

V_INLINE void pool_channels(const detr4j_max_pool *p, const int32_t type, column k, void *out) {
  int64_t c = 0;
  for (; c + VECTORS * V_LANES <= p->channels; c += VECTORS * V_LANES) {
    pool_row(p, type, &k, map_at_mutable(out, p->out_type, c), VECTORS, V_LANES);
    k.x = element_at(k.x, type, VECTORS * V_LANES);
  }
  for (; c + V_LANES <= p->channels; c += V_LANES) {
    pool_row(p, type, &k, map_at_mutable(out, p->out_type, c), 1, V_LANES);
    k.x = element_at(k.x, type, V_LANES);
  }
  if (c < p->channels) pool_row(p, type, &k, map_at_mutable(out, p->out_type, c), 1, p->channels - c);
}

int64_t PRODUCTS_KERNEL(detr4j_max_pool, _tiles)(const detr4j_max_pool *p) {
  return row_tiles(p->batch, p->out_h, p->rows_per_tile);
}

int32_t PRODUCTS_KERNEL(detr4j_max_pool, )(const detr4j_max_pool *p, int64_t tile) {
  row_range range;
  if (p->kernel < 1 || p->stride < 1 || p->padding < 0 || 2 * p->padding > p->kernel ||
      p->in_w < 1 || (p->out_w - 1) * (int64_t)p->stride - p->padding >= p->in_w ||
      p->in_h < 1 || (p->out_h - 1) * (int64_t)p->stride - p->padding >= p->in_h ||
      !rows_of_tile(&range, tile, p->batch, p->out_h, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t oy = range.begin; oy < range.end; oy++) {
    const int64_t top = oy * p->stride - p->padding;
    const int64_t begin = top < 0 ? 0 : top, end = min_i64(top + p->kernel, p->in_h);
    const column k = {
        .x = map_at(p->x, p->x_type, range.item * p->x_batch_stride + begin * p->in_w * p->x_row_stride),
        .row_step = p->in_w * p->x_row_stride,
        .column_step = p->x_row_stride,
        .rows = (int32_t)(end - begin),
    };
    const int64_t to = range.item * p->out_batch_stride + oy * p->out_w * p->out_row_stride;
    void *out = map_at_mutable(p->out, p->out_type, to);
    if (MAP_TYPE(p->x_type) == DETR4J_TYPE_BF16) {
      pool_channels(p, DETR4J_TYPE_BF16, k, out);
    } else {
      pool_channels(p, DETR4J_TYPE_F32, k, out);
    }
  }
  return DETR4J_OK;
}
