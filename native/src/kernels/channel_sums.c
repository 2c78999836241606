// Sums of each channel over rows, for the gradients of normalisations over rows, and what the gradient is made of them.
//
// The sums of BLOCK rows are taken in floats and then added in doubles, so that neither many rows nor a mean far from zero cost
// digits: values are taken as deviations from a shift.

#include "kernel.h"
#include "tiles.h"

enum { BLOCK = 32 };

int64_t KERNEL(detr4j_channel_sums_f32_tiles)(const detr4j_channel_sums *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int64_t KERNEL(detr4j_channel_sums_f32_scratch)(const detr4j_channel_sums *p) {
  return 4 * 4 * round_up(p->channels, V_LANES);
}

V_INLINE v_f32 load(const float *x, int64_t n) { return n >= V_LANES ? v_load(x) : v_load_partial(x, n); }

int32_t KERNEL(detr4j_channel_sums_f32)(const detr4j_channel_sums *p, int64_t tile, void *scratch) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t n = p->channels, pitch = round_up(n, V_LANES);
  float *part = scratch;
  double *sums = p->sums + tile * 4 * n;
  for (int64_t i = 0; i < 4 * n; i++) sums[i] = 0;
  for (int64_t begin = range.begin; begin < range.end; begin += BLOCK) {
    const int64_t end = min_i64(begin + BLOCK, range.end);
    memset(part, 0, (size_t)(4 * pitch) * sizeof(float));
    for (int64_t i = begin; i < end; i++) {
      const float *dy = p->dy + range.item * p->dy_batch_stride + i * p->dy_row_stride;
      const float *x = p->x == NULL ? NULL : p->x + range.item * p->x_batch_stride + i * p->x_row_stride;
      const float *shift = p->x == NULL ? NULL : p->shift + range.item * n;
      for (int64_t c = 0; c < n; c += V_LANES) {
        const v_f32 up = load(dy + c, n - c);
        float *to = part + c;
        v_store(to + 2 * pitch, v_add(v_load(to + 2 * pitch), up));
        if (x != NULL) {
          const v_f32 d = v_sub(load(x + c, n - c), load(shift + c, n - c));
          v_store(to, v_add(v_load(to), d));
          v_store(to + pitch, v_fmadd(d, d, v_load(to + pitch)));
          v_store(to + 3 * pitch, v_fmadd(up, d, v_load(to + 3 * pitch)));
        }
      }
    }
    for (int64_t k = 0; k < 4; k++) {
      for (int64_t c = 0; c < n; c++) sums[k * n + c] += (double)part[k * pitch + c];
    }
  }
  return DETR4J_OK;
}

int32_t KERNEL(detr4j_channel_combine_f32)(const detr4j_channel_sums *p, int64_t tile) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t n = p->channels;
  const float *a = p->factors + range.item * 3 * n, *b = a + n, *k = b + n;
  for (int64_t i = range.begin; i < range.end; i++) {
    const float *dy = p->dy + range.item * p->dy_batch_stride + i * p->dy_row_stride;
    const float *x = p->x + range.item * p->x_batch_stride + i * p->x_row_stride;
    float *dx = p->dx + range.item * p->dx_batch_stride + i * p->dx_row_stride;
    const float *shift = p->shift + range.item * n;
    int64_t c = 0;
    for (; c + V_LANES <= n; c += V_LANES) {
      const v_f32 d = v_sub(v_load(x + c), v_load(shift + c));
      v_store(dx + c, v_fmadd(v_load(dy + c), v_load(a + c), v_fmadd(d, v_load(b + c), v_load(k + c))));
    }
    if (c < n) {
      const int64_t left = n - c;
      const v_f32 d = v_sub(v_load_partial(x + c, left), v_load_partial(shift + c, left));
      const v_f32 rest = v_fmadd(d, v_load_partial(b + c, left), v_load_partial(k + c, left));
      v_store_partial(dx + c, v_fmadd(v_load_partial(dy + c, left), v_load_partial(a + c, left), rest), left);
    }
  }
  return DETR4J_OK;
}
