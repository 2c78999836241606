// Group normalisation in two phases over the same tiles.
//
// statistics  each tile leaves mean and M2 (sum of squared deviations from that mean) of each group in doubles. Channels are
//             taken in blocks of BLOCK along the lanes, down the rows; a lane adds at most CHUNK rows in fp32 before its sum
//             goes to the double of its group, so the error does not grow with the map.
// apply       each tile joins the pairs of all tiles of its item: mean = sum n_t mean_t / n, then M2 = sum of M2_t + n_t (mean_t -
//             mean)^2, which is what Chan, Golub and LeVeque (1979) do two by two, without a division a tile. No tile waits
//             for another, and every tile gets the same.

#include "kernel.h"
#include "tiles.h"

// apply writes BLOCK channels of row after row: with 256, the rows of the encoder's width go through whole, as memory likes it.
enum { BLOCK = 256, CHUNK = 64 };

// Adds the sums over rows of up to BLOCK channels to sums[0 .. width - 1]; with deviations, of (x - mean)^2 instead of x.
static void add_columns(const float *x, int64_t row_stride, int64_t rows, int64_t width, const float *mean, double *sums) {
  for (int64_t c = 0; c < width; c += V_LANES) {
    const int64_t n = min_i64(V_LANES, width - c);
    const v_f32 centre = mean == NULL ? v_zero() : v_load_partial(mean + c, n);
    for (int64_t begin = 0; begin < rows; begin += CHUNK) {
      const int64_t end = min_i64(begin + CHUNK, rows);
      v_f32 a = v_zero(), b = a;
      for (int64_t i = begin; i < end; i++) {
        const float *row = x + i * row_stride + c;
        const v_f32 value = n == V_LANES ? v_load(row) : v_load_partial(row, n);
        const v_f32 d = v_sub(value, centre);
        const v_f32 term = mean == NULL ? value : v_mul(d, d);
        if (i & 1) {
          b = v_add(b, term);
        } else {
          a = v_add(a, term);
        }
      }
      float lanes[V_LANES];
      v_store(lanes, v_add(a, b));
      for (int64_t lane = 0; lane < n; lane++) {
        sums[c + lane] += (double)lanes[lane];
      }
    }
  }
}

int64_t KERNEL(detr4j_group_norm_f32_tiles)(const detr4j_group_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int64_t KERNEL(detr4j_group_norm_f32_workspace)(const detr4j_group_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile) * p->groups * 2 * (int64_t)sizeof(double);
}

static int valid(const detr4j_group_norm *p) { return p->groups >= 1 && p->channels >= 1 && p->channels % p->groups == 0; }

int32_t KERNEL(detr4j_group_norm_f32_statistics)(const detr4j_group_norm *p, int64_t tile) {
  row_range range;
  if (!valid(p) || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t rows = range.end - range.begin, group_channels = p->channels / p->groups;
  const double count = (double)rows * (double)group_channels;
  const float *x = p->x + range.item * p->x_batch_stride + range.begin * p->x_row_stride;
  double *pairs = p->workspace + tile * p->groups * 2;
  for (int64_t g = 0; g < p->groups; g++) {
    pairs[2 * g] = pairs[2 * g + 1] = 0;
  }
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    const int64_t width = min_i64(BLOCK, p->channels - c);
    double sums[BLOCK] = {0};
    add_columns(x + c, p->x_row_stride, rows, width, NULL, sums);
    for (int64_t i = 0; i < width; i++) {
      pairs[2 * ((c + i) / group_channels)] += sums[i] / count;
    }
  }
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    const int64_t width = min_i64(BLOCK, p->channels - c);
    double sums[BLOCK] = {0};
    float mean[BLOCK];
    for (int64_t i = 0; i < width; i++) {
      mean[i] = (float)pairs[2 * ((c + i) / group_channels)];
    }
    add_columns(x + c, p->x_row_stride, rows, width, mean, sums);
    for (int64_t i = 0; i < width; i++) {
      const int64_t g = (c + i) / group_channels;
      const double off = pairs[2 * g] - (double)mean[i]; // the fp32 mean is off by this much
      pairs[2 * g + 1] += sums[i] - off * off * (double)rows;
    }
  }
  return DETR4J_OK;
}

// Mean and variance of one group of an item, from the pairs of its tiles.
static void join(const detr4j_group_norm *p, int64_t item, int64_t group, double *mean_out, double *variance_out) {
  const int64_t tiles = row_blocks(p->rows, p->rows_per_tile);
  const double *pairs = p->workspace + (item * tiles * p->groups + group) * 2;
  const double full = (double)p->rows_per_tile, last = (double)(p->rows - (tiles - 1) * p->rows_per_tile); // rows of a tile
  double mean = 0, m2 = 0;
  for (int64_t t = 0; t < tiles; t++) {
    mean += pairs[t * p->groups * 2] * (t + 1 < tiles ? full : last);
  }
  mean /= (double)p->rows;
  for (int64_t t = 0; t < tiles; t++) {
    const double d = pairs[t * p->groups * 2] - mean;
    m2 += pairs[t * p->groups * 2 + 1] + d * d * (t + 1 < tiles ? full : last) * (double)(p->channels / p->groups);
  }
  *mean_out = mean;
  *variance_out = m2 / ((double)p->rows * (double)(p->channels / p->groups));
}

int32_t KERNEL(detr4j_group_norm_f32_apply)(const detr4j_group_norm *p, int64_t tile) {
  row_range range;
  if (!valid(p) || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t group_channels = p->channels / p->groups;
  int64_t joined = -1; // the group that mean and variance are of
  double mean = 0, variance = 0;
  for (int64_t c = 0; c < p->channels; c += BLOCK) {
    const int64_t width = min_i64(BLOCK, p->channels - c);
    float means[BLOCK], scales[BLOCK];
    for (int64_t i = 0; i < width; i++) {
      const int64_t g = (c + i) / group_channels;
      if (g != joined) {
        join(p, range.item, g, &mean, &variance);
        joined = g;
      }
      means[i] = (float)mean;
      scales[i] = (float)((double)p->weight[c + i] / sqrt(variance + (double)p->epsilon));
    }
    for (int64_t i = range.begin; i < range.end; i++) {
      const float *x = p->x + range.item * p->x_batch_stride + i * p->x_row_stride + c;
      float *y = p->y + range.item * p->y_batch_stride + i * p->y_row_stride + c;
      int64_t k = 0;
      for (; k + V_LANES <= width; k += V_LANES) {
        const v_f32 d = v_sub(v_load(x + k), v_load(means + k));
        v_store(y + k, v_fmadd(d, v_load(scales + k), v_load(p->bias + c + k)));
      }
      if (k < width) {
        const int64_t n = width - k;
        const v_f32 d = v_sub(v_load_partial(x + k, n), v_load_partial(means + k, n));
        v_store_partial(y + k, v_fmadd(d, v_load_partial(scales + k, n), v_load_partial(p->bias + c + k, n)), n);
      }
    }
  }
  return DETR4J_OK;
}
