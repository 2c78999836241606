// Layer normalisation of rows, with the sum before it and the sum after it.
//
// Three passes over a row that lies in L1 from the first on: the mean of s = x + residual, the mean of (s - mean)^2, the
// output. s is added anew in each pass rather than kept, because y may be the residual or the addend itself: an element of y
// is written only after everything was read from its place. Subtracting the mean first keeps the digits that E[s^2] -
// E[s]^2 loses. Four accumulators hide the latency of the additions.

#include "kernel.h"
#include "tiles.h"

typedef struct row {
  const float *x, *residual, *addend; // residual and addend may be NULL
  float *y, *y_plus;
} row;

V_INLINE v_f32 sum_at(const row *r, int64_t c) {
  const v_f32 x = v_load(r->x + c);
  return r->residual != NULL ? v_add(x, v_load(r->residual + c)) : x;
}

V_INLINE v_f32 sum_at_end(const row *r, int64_t c, int64_t n) {
  const v_f32 x = v_load_partial(r->x + c, n);
  return r->residual != NULL ? v_add(x, v_load_partial(r->residual + c, n)) : x;
}

static float mean_of(const row *r, int64_t channels) {
  v_f32 a = v_zero(), b = a, d = a, e = a;
  int64_t c = 0;
  for (; c + 4 * V_LANES <= channels; c += 4 * V_LANES) {
    a = v_add(a, sum_at(r, c));
    b = v_add(b, sum_at(r, c + V_LANES));
    d = v_add(d, sum_at(r, c + 2 * V_LANES));
    e = v_add(e, sum_at(r, c + 3 * V_LANES));
  }
  for (; c + V_LANES <= channels; c += V_LANES) {
    a = v_add(a, sum_at(r, c));
  }
  if (c < channels) {
    b = v_add(b, sum_at_end(r, c, channels - c));
  }
  return v_reduce_add(v_add(v_add(a, b), v_add(d, e))) / (float)channels;
}

V_INLINE v_f32 add_square(v_f32 sum, v_f32 deviation) { return v_fmadd(deviation, deviation, sum); }

static float variance_of(const row *r, int64_t channels, float mean_value) {
  const v_f32 mean = v_set1(mean_value);
  v_f32 a = v_zero(), b = a, d = a, e = a;
  int64_t c = 0;
  for (; c + 4 * V_LANES <= channels; c += 4 * V_LANES) {
    a = add_square(a, v_sub(sum_at(r, c), mean));
    b = add_square(b, v_sub(sum_at(r, c + V_LANES), mean));
    d = add_square(d, v_sub(sum_at(r, c + 2 * V_LANES), mean));
    e = add_square(e, v_sub(sum_at(r, c + 3 * V_LANES), mean));
  }
  for (; c + V_LANES <= channels; c += V_LANES) {
    a = add_square(a, v_sub(sum_at(r, c), mean));
  }
  if (c < channels) {
    b = add_square(b, v_first(v_sub(sum_at_end(r, c, channels - c), mean), channels - c));
  }
  return v_reduce_add(v_add(v_add(a, b), v_add(d, e))) / (float)channels;
}

static void normalise(const row *r, const float *weight, const float *bias, int64_t channels, float mean_value, float scale_value) {
  const v_f32 mean = v_set1(mean_value), scale = v_set1(scale_value);
  int64_t c = 0;
  for (; c + V_LANES <= channels; c += V_LANES) {
    const v_f32 normal = v_mul(v_sub(sum_at(r, c), mean), scale);
    const v_f32 y = v_fmadd(normal, v_load(weight + c), v_load(bias + c));
    if (r->addend != NULL) {
      v_store(r->y_plus + c, v_add(y, v_load(r->addend + c)));
    }
    v_store(r->y + c, y);
  }
  if (c < channels) {
    const int64_t n = channels - c;
    const v_f32 normal = v_mul(v_sub(sum_at_end(r, c, n), mean), scale);
    const v_f32 y = v_fmadd(normal, v_load_partial(weight + c, n), v_load_partial(bias + c, n));
    if (r->addend != NULL) {
      v_store_partial(r->y_plus + c, v_add(y, v_load_partial(r->addend + c, n)), n);
    }
    v_store_partial(r->y + c, y, n);
  }
}

int64_t KERNEL(detr4j_layer_norm_f32_tiles)(const detr4j_layer_norm *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int32_t KERNEL(detr4j_layer_norm_f32)(const detr4j_layer_norm *p, int64_t tile) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t n = range.item;
  for (int64_t i = range.begin; i < range.end; i++) {
    const row r = {
        .x = p->x + n * p->x_batch_stride + i * p->x_row_stride,
        .residual = p->residual == NULL ? NULL : p->residual + n * p->residual_batch_stride + i * p->residual_row_stride,
        .addend = p->addend == NULL ? NULL : p->addend + n * p->addend_batch_stride + i * p->addend_row_stride,
        .y = p->y + n * p->y_batch_stride + i * p->y_row_stride,
        .y_plus = p->addend == NULL ? NULL : p->y_plus + n * p->y_plus_batch_stride + i * p->y_plus_row_stride,
    };
    const float mean = mean_of(&r, p->channels);
    const float variance = variance_of(&r, p->channels, mean);
    normalise(&r, p->weight, p->bias, p->channels, mean, 1.0f / sqrtf(variance + p->epsilon));
  }
  return DETR4J_OK;
}
