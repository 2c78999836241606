// The gradient of layer norm: with x^ = (s - mean) r and g = dy weight, ds = r (g - mean(g) - x^ mean(g x^)).
//
// The row's s goes to scratch with zeros up to a whole vector, then mean and variance as layer_norm.c takes them, then one pass for
// the two means and the sums of the weights, and one for ds.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_layer_norm_gradient_f32_tiles)(const detr4j_layer_norm_gradient *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int64_t KERNEL(detr4j_layer_norm_gradient_f32_scratch)(const detr4j_layer_norm_gradient *p) {
  return 4 * round_up(p->channels, V_LANES);
}

V_INLINE v_f32 load(const float *x, int64_t n) { return n >= V_LANES ? v_load(x) : v_load_partial(x, n); }

V_INLINE void store(float *x, v_f32 v, int64_t n) {
  if (n >= V_LANES) {
    v_store(x, v);
  } else {
    v_store_partial(x, v, n);
  }
}

int32_t KERNEL(detr4j_layer_norm_gradient_f32)(const detr4j_layer_norm_gradient *p, int64_t tile, void *scratch) {
  row_range range;
  if (p->channels < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t n = p->channels;
  float *s = scratch;
  float *weight_sums = p->sums + tile * 2 * n, *bias_sums = weight_sums + n;
  memset(weight_sums, 0, (size_t)(2 * n) * sizeof(float));
  const float share = 1.0f / (float)n;
  for (int64_t i = range.begin; i < range.end; i++) {
    const float *x = p->x + range.item * p->x_batch_stride + i * p->x_row_stride;
    const float *residual =
        p->residual == NULL ? NULL : p->residual + range.item * p->residual_batch_stride + i * p->residual_row_stride;
    const float *dy = p->dy + range.item * p->dy_batch_stride + i * p->dy_row_stride;
    float *dx = p->dx + range.item * p->dx_batch_stride + i * p->dx_row_stride;
    v_f32 total = v_zero();
    for (int64_t c = 0; c < n; c += V_LANES) {
      v_f32 value = load(x + c, n - c);
      if (residual != NULL) {
        value = v_add(value, load(residual + c, n - c));
      }
      v_store(s + c, value);
      total = v_add(total, value);
    }
    const float mean_value = v_reduce_add(total) / (float)n;
    const v_f32 mean = v_set1(mean_value);
    v_f32 squares = v_zero();
    for (int64_t c = 0; c < n; c += V_LANES) {
      v_f32 d = v_sub(v_load(s + c), mean);
      if (n - c < V_LANES) {
        d = v_first(d, n - c);
      }
      squares = v_fmadd(d, d, squares);
    }
    const v_f32 scale = v_set1(1.0f / sqrtf(v_reduce_add(squares) / (float)n + p->epsilon));
    v_f32 one = v_zero(), two = v_zero();
    for (int64_t c = 0; c < n; c += V_LANES) {
      const int64_t left = n - c;
      const v_f32 up = load(dy + c, left);
      const v_f32 normal = v_mul(v_sub(v_load(s + c), mean), scale);
      const v_f32 g = v_mul(up, load(p->weight + c, left)); // zero past the last channel
      one = v_add(one, g);
      two = v_fmadd(g, left < V_LANES ? v_first(normal, left) : normal, two);
      v_store(s + c, normal);
      store(weight_sums + c, v_fmadd(up, normal, load(weight_sums + c, left)), left);
      store(bias_sums + c, v_add(load(bias_sums + c, left), up), left);
    }
    const v_f32 first = v_set1(v_reduce_add(one) * share), second = v_set1(v_reduce_add(two) * share);
    for (int64_t c = 0; c < n; c += V_LANES) {
      const int64_t left = n - c;
      const v_f32 g = v_mul(load(dy + c, left), load(p->weight + c, left));
      store(dx + c, v_mul(scale, v_fnmadd(v_load(s + c), second, v_sub(g, first))), left);
    }
  }
  return DETR4J_OK;
}
