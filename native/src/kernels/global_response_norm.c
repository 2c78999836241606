// Global response normalisation in two phases over the same tiles.
//
// statistics  each tile leaves the sum of squares of each channel in doubles: channels along the lanes, whole rows one after the
//             other as they lie in memory, CHUNK rows in fp32 before a channel's sum goes to its double, so the error does not
//             grow with the map.
// apply       each tile joins the sums of all tiles of its item, twice: once for the mean norm of the channels, once block by
//             block for the factor 1 + weight n of each. That is a few thousand additions beside a tile's rows; no tile waits.

#include "kernel.h"
#include "tiles.h"

enum { BLOCK = 1024, CHUNK = 64, ROWS = 4 };

int64_t KERNEL(detr4j_global_response_norm_f32_tiles)(const detr4j_global_response_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int64_t KERNEL(detr4j_global_response_norm_f32_workspace)(const detr4j_global_response_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile) * p->channels * (int64_t)sizeof(double);
}

// Adds the squares of n channels of some rows; a sum is loaded and stored once for all of them. sums: whole vectors.
V_INLINE void add_squares(const float *x, int64_t row_stride, const int rows, int64_t n, float *sums) {
  for (int64_t c = 0; c < n; c += V_LANES) {
    v_f32 sum = v_load(sums + c);
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
      const float *at = x + r * row_stride + c;
      const v_f32 value = n - c >= V_LANES ? v_load(at) : v_load_partial(at, n - c);
      sum = v_fmadd(value, value, sum);
    }
    v_store(sums + c, sum);
  }
}

// The sums of squares of width <= BLOCK channels over some rows.
static void sum_squares(const float *x, int64_t row_stride, int64_t rows, int64_t width, double *sums) {
  for (int64_t c = 0; c < width; c++) {
    sums[c] = 0;
  }
  for (int64_t begin = 0; begin < rows; begin += CHUNK) {
    const int64_t end = min_i64(begin + CHUNK, rows);
    _Alignas(64) float chunk[BLOCK] = {0};
    int64_t i = begin;
    for (; i + ROWS <= end; i += ROWS) {
      add_squares(x + i * row_stride, row_stride, ROWS, width, chunk);
    }
    for (; i < end; i++) {
      add_squares(x + i * row_stride, row_stride, 1, width, chunk);
    }
    for (int64_t c = 0; c < width; c++) {
      sums[c] += (double)chunk[c];
    }
  }
}

int32_t KERNEL(detr4j_global_response_norm_f32_statistics)(const detr4j_global_response_norm *p, int64_t tile) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const float *x = p->x + range.item * p->x_batch_stride + range.begin * p->x_row_stride;
  double *sums = p->workspace + tile * p->channels;
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    sum_squares(x + c, p->x_row_stride, range.end - range.begin, min_i64(BLOCK, p->channels - c), sums + c);
  }
  return DETR4J_OK;
}

// Square roots of the sums of squares of width channels of an item, from the sums of its tiles.
static void norms_of(const detr4j_global_response_norm *p, int64_t item, int64_t channel, int64_t width, double *norms) {
  const int64_t tiles = row_blocks(p->rows, p->rows_per_tile);
  const double *sums = p->workspace + item * tiles * p->channels + channel;
  for (int64_t i = 0; i < width; i++) {
    norms[i] = 0;
  }
  for (int64_t t = 0; t < tiles; t++) {
    for (int64_t i = 0; i < width; i++) {
      norms[i] += sums[t * p->channels + i];
    }
  }
  for (int64_t i = 0; i < width; i++) {
    norms[i] = sqrt(norms[i]);
  }
}

int32_t KERNEL(detr4j_global_response_norm_f32_apply)(const detr4j_global_response_norm *p, int64_t tile) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  double norms[BLOCK], mean = 0;
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    const int64_t width = min_i64(BLOCK, p->channels - c);
    norms_of(p, range.item, c, width, norms);
    for (int64_t i = 0; i < width; i++) {
      mean += norms[i];
    }
  }
  mean /= (double)p->channels;
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    const int64_t width = min_i64(BLOCK, p->channels - c);
    float factors[BLOCK];
    norms_of(p, range.item, c, width, norms);
    for (int64_t i = 0; i < width; i++) {
      factors[i] = (float)(1 + (double)p->weight[c + i] * (norms[i] / (mean + (double)p->epsilon)));
    }
    for (int64_t i = range.begin; i < range.end; i++) {
      const float *x = p->x + range.item * p->x_batch_stride + i * p->x_row_stride + c;
      float *y = p->y + range.item * p->y_batch_stride + i * p->y_row_stride + c;
      int64_t k = 0;
      for (; k + V_LANES <= width; k += V_LANES) {
        v_store(y + k, v_fmadd(v_load(x + k), v_load(factors + k), v_load(p->bias + c + k)));
      }
      if (k < width) {
        const int64_t n = width - k;
        const v_f32 factor = v_load_partial(factors + k, n), bias = v_load_partial(p->bias + c + k, n);
        v_store_partial(y + k, v_fmadd(v_load_partial(x + k, n), factor, bias), n);
      }
    }
  }
  return DETR4J_OK;
}
