// Depthwise convolution, channels last: every channel has a filter of its own, so channels run along the lanes.
//
//   one vector of channels, PIXELS output pixels side by side:      acc[0] .. acc[7] += w[ky][kx] * x[row][column + kx]
//
// A tap's weights are loaded once for PIXELS multiply-adds. Where a window of the row leaves the map, pixels go one by one.
// A pixel off the map is a zero that is multiplied like any other: a weight that is not finite gives NaN there.

#include "activation.h"
#include "kernel.h"
#include "tiles.h"

enum { PIXELS = 8 };

V_INLINE v_f32 load(const float *x, int64_t n) { return n == V_LANES ? v_load(x) : v_load_partial(x, n); }

// One vector of n channels from channel c on, of `pixels` output pixels from (oy, ox) on. inside: every column is on the map.
V_INLINE void pixel_block(const detr4j_conv2d *p, int64_t item, int64_t oy, int64_t ox, int64_t c, int64_t n, const int pixels,
                          const int inside) {
  v_f32 acc[PIXELS];
#pragma GCC unroll 8
  for (int i = 0; i < pixels; i++) {
    acc[i] = p->bias == NULL ? v_zero() : load(p->bias + c, n);
  }
  const float *map = (const float *)p->x + item * p->x_batch_stride + c;
  for (int64_t ky = 0; ky < p->kernel_h; ky++) {
    const int64_t iy = oy * p->stride - p->padding + ky * p->dilation;
    const int row_inside = iy >= 0 && iy < p->in_h;
    for (int64_t kx = 0; kx < p->kernel_w; kx++) {
      const v_f32 w = load((const float *)p->weight + (ky * p->kernel_w + kx) * p->out_c + c, n);
      const int64_t ix = ox * p->stride - p->padding + kx * p->dilation;
#pragma GCC unroll 8
      for (int i = 0; i < pixels; i++) {
        const int64_t column = ix + i * (int64_t)p->stride;
        const int on_map = row_inside && (inside || (column >= 0 && column < p->in_w));
        const v_f32 x = on_map ? load(map + (iy * p->in_w + column) * p->x_row_stride, n) : v_zero();
        acc[i] = v_fmadd(w, x, acc[i]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < pixels; i++) {
    const int64_t row = oy * p->out_w + ox + i;
    v_f32 y = acc[i];
    if (p->residual != NULL) {
      y = v_add(y, load(p->residual + item * p->residual_batch_stride + row * p->residual_row_stride + c, n));
    }
    y = v_activate(p->activation, y);
    float *out = (float *)p->out + item * p->out_batch_stride + row * p->out_row_stride + c;
    if (n == V_LANES) {
      v_store(out, y);
    } else {
      v_store_partial(out, y, n);
    }
  }
}

V_INLINE void output_row(const detr4j_conv2d *p, int64_t item, int64_t oy, int64_t c, int64_t n) {
  const int64_t reach = (int64_t)p->dilation * (p->kernel_w - 1);
  int64_t ox = 0;
  while (ox < p->out_w) {
    const int64_t left = ox * p->stride - p->padding;
    const int64_t right = left + (int64_t)(PIXELS - 1) * p->stride + reach;
    if (ox + PIXELS <= p->out_w && left >= 0 && right < p->in_w) {
      pixel_block(p, item, oy, ox, c, n, PIXELS, 1);
      ox += PIXELS;
    } else {
      pixel_block(p, item, oy, ox, c, n, 1, 0);
      ox++;
    }
  }
}

int64_t KERNEL(detr4j_depthwise_conv2d_f32_tiles)(const detr4j_conv2d *p) {
  return row_tiles(p->batch, p->out_h, p->rows_per_tile);
}

int32_t KERNEL(detr4j_depthwise_conv2d_f32)(const detr4j_conv2d *p, int64_t tile) {
  row_range range;
  if (p->in_c != p->groups || p->out_c != p->groups || p->row_mask_mode != DETR4J_ROW_MASK_NONE || p->stride < 1 ||
      p->dilation < 1 || !rows_of_tile(&range, tile, p->batch, p->out_h, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t oy = range.begin; oy < range.end; oy++) {
    int64_t c = 0;
    for (; c + V_LANES <= p->out_c; c += V_LANES) {
      output_row(p, range.item, oy, c, V_LANES);
    }
    if (c < p->out_c) {
      output_row(p, range.item, oy, c, p->out_c - c);
    }
  }
  return DETR4J_OK;
}
