// Gradients by the weights of a depthwise convolution: each channel's filter from its own map, channels along the lanes. A row of
// taps at a time keeps its sums in registers, up to MOST_TAPS; the pixels of dz are read once for each row of taps.

#include "kernel.h"

enum { MOST_TAPS = 8 };

static int valid(const detr4j_weight_gradient *p) {
  return p->batch >= 0 && p->in_c == p->out_c && p->in_c >= 1 && p->kernel_h >= 1 && p->kernel_w >= 1 && p->stride >= 1 && p->dilation >= 1;
}

int64_t KERNEL(detr4j_depthwise_weight_gradient_f32_tiles)(const detr4j_weight_gradient *p) {
  return valid(p) ? ceil_div(p->in_c, V_LANES) : DETR4J_ERROR_ARGUMENT;
}

// The sums of taps [kx, kx + count) of row ky, for n channels from c on.
static void taps(const detr4j_weight_gradient *p, int64_t c, int64_t n, int64_t ky, int64_t kx, int64_t count) {
  v_f32 acc[MOST_TAPS];
  for (int t = 0; t < MOST_TAPS; t++) acc[t] = v_zero();
  for (int64_t item = 0; item < p->batch; item++) {
    for (int64_t oy = 0; oy < p->out_h; oy++) {
      const int64_t y = oy * p->stride - p->padding + ky * p->dilation;
      if (y < 0 || y >= p->in_h) {
        continue;
      }
      const float *dz = p->dz + item * p->dz_batch_stride + oy * p->out_w * p->dz_row_stride + c;
      const float *map = p->x + item * p->x_batch_stride + y * p->in_w * p->x_row_stride + c;
      for (int64_t ox = 0; ox < p->out_w; ox++) {
        const v_f32 g = v_load_partial(dz + ox * p->dz_row_stride, n);
        for (int64_t t = 0; t < count; t++) {
          const int64_t x = ox * p->stride - p->padding + (kx + t) * p->dilation;
          if (x >= 0 && x < p->in_w) {
            acc[t] = v_fmadd(g, v_load_partial(map + x * p->x_row_stride, n), acc[t]);
          }
        }
      }
    }
  }
  const int64_t area = (int64_t)p->kernel_h * p->kernel_w;
  for (int64_t t = 0; t < count; t++) {
    float sums[V_LANES];
    v_store(sums, acc[t]);
    for (int64_t i = 0; i < n; i++) {
      const int64_t at = (c + i) * area + ky * p->kernel_w + kx + t;
      p->out[at] = p->sum[at] + sums[i];
    }
  }
}

int32_t KERNEL(detr4j_depthwise_weight_gradient_f32)(const detr4j_weight_gradient *p, int64_t tile) {
  if (!valid(p) || tile < 0 || tile >= ceil_div(p->in_c, V_LANES)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t c = tile * V_LANES, n = min_i64(V_LANES, p->in_c - c);
  for (int64_t ky = 0; ky < p->kernel_h; ky++) {
    for (int64_t kx = 0; kx < p->kernel_w; kx += MOST_TAPS) {
      taps(p, c, n, ky, kx, min_i64(MOST_TAPS, p->kernel_w - kx));
    }
  }
  if (p->bias_out != NULL) {
    v_f32 sum = v_zero();
    for (int64_t item = 0; item < p->batch; item++) {
      for (int64_t row = 0; row < (int64_t)p->out_h * p->out_w; row++) {
        sum = v_add(sum, v_load_partial(p->dz + item * p->dz_batch_stride + row * p->dz_row_stride + c, n));
      }
    }
    v_store_partial(p->bias_out + c, v_add(v_load_partial(p->bias_sum + c, n), sum), n);
  }
  return DETR4J_OK;
}
