// Global response normalisation in two phases over the same tiles.
//
// statistics  each tile leaves the sum of squares of each channel in doubles: channels along the lanes, down the rows, CHUNK rows
//             in fp32 before a lane's sum goes to its double, so the error does not grow with the map.
// apply       each tile joins the sums of all tiles of its item, twice: once for the mean norm of the channels, once block by
//             block for the factor 1 + weight n of each. That is a few thousand additions beside a tile's rows; no tile waits.

#include "kernel.h"
#include "tiles.h"

enum { BLOCK = 64, CHUNK = 64 };

int64_t KERNEL(detr4j_global_response_norm_f32_tiles)(const detr4j_global_response_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int64_t KERNEL(detr4j_global_response_norm_f32_workspace)(const detr4j_global_response_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile) * p->channels * (int64_t)sizeof(double);
}

// Sums of squares of n <= V_LANES channels over some rows.
static void add_squares(const float *x, int64_t row_stride, int64_t rows, int64_t n, double *sums) {
  for (int64_t begin = 0; begin < rows; begin += CHUNK) {
    const int64_t end = min_i64(begin + CHUNK, rows);
    v_f32 a = v_zero(), b = a;
    for (int64_t i = begin; i < end; i++) {
      const float *row = x + i * row_stride;
      const v_f32 value = n == V_LANES ? v_load(row) : v_load_partial(row, n);
      if (i & 1) {
        b = v_fmadd(value, value, b);
      } else {
        a = v_fmadd(value, value, a);
      }
    }
    float lanes[V_LANES];
    v_store(lanes, v_add(a, b));
    for (int64_t lane = 0; lane < n; lane++) {
      sums[lane] += (double)lanes[lane];
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
  for (int64_t c = 0; c < p->channels; c++) {
    sums[c] = 0;
  }
  for (int64_t c = 0; c < p->channels; c += V_LANES) {
    add_squares(x + c, p->x_row_stride, range.end - range.begin, min_i64(V_LANES, p->channels - c), sums + c);
  }
  return DETR4J_OK;
}

// sqrt of the sum of squares of one channel of an item, from the sums of its tiles.
static double norm_of(const detr4j_global_response_norm *p, int64_t item, int64_t channel) {
  const int64_t tiles = row_blocks(p->rows, p->rows_per_tile);
  const double *sums = p->workspace + item * tiles * p->channels + channel;
  double squares = 0;
  for (int64_t t = 0; t < tiles; t++) {
    squares += sums[t * p->channels];
  }
  return sqrt(squares);
}

int32_t KERNEL(detr4j_global_response_norm_f32_apply)(const detr4j_global_response_norm *p, int64_t tile) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  double mean = 0;
  for (int64_t c = 0; c < p->channels; c++) {
    mean += norm_of(p, range.item, c);
  }
  mean /= (double)p->channels;
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    const int64_t width = min_i64(BLOCK, p->channels - c);
    float factors[BLOCK];
    for (int64_t i = 0; i < width; i++) {
      const double response = norm_of(p, range.item, c + i) / (mean + (double)p->epsilon);
      factors[i] = (float)(1 + (double)p->weight[c + i] * response);
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
