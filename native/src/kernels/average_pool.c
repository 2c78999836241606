// Mean under a square window, channels last: for each output pixel, the sum of the window's pixels down its channels, one vector
// at a time, divided by how many of them lie on the map. A 2x2 window of stride 2 reads every pixel once, so the memory sets
// the pace.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_average_pool_f32_tiles)(const detr4j_max_pool *p) {
  return row_tiles(p->batch, p->out_h, p->rows_per_tile);
}

V_INLINE v_f32 sum_window(const detr4j_max_pool *p, const float *corner, int64_t rows, int64_t columns, int64_t n) {
  v_f32 sum = v_zero();
  for (int64_t y = 0; y < rows; y++) {
    const float *x = corner + y * p->in_w * p->x_row_stride;
    for (int64_t i = 0; i < columns; i++, x += p->x_row_stride) {
      sum = v_add(sum, n == V_LANES ? v_load(x) : v_load_partial(x, n));
    }
  }
  return sum;
}

int32_t KERNEL(detr4j_average_pool_f32)(const detr4j_max_pool *p, int64_t tile) {
  row_range range;
  if (p->stride < 1 || p->kernel < p->stride || p->padding != 0 || p->in_w < 1 ||
      (p->out_w - 1) * (int64_t)p->stride >= p->in_w || p->in_h < 1 || (p->out_h - 1) * (int64_t)p->stride >= p->in_h ||
      !rows_of_tile(&range, tile, p->batch, p->out_h, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t oy = range.begin; oy < range.end; oy++) {
    const int64_t top = oy * p->stride, rows = min_i64(p->kernel, p->in_h - top);
    for (int64_t ox = 0; ox < p->out_w; ox++) {
      const int64_t left = ox * p->stride, columns = min_i64(p->kernel, p->in_w - left);
      const float *corner = (const float *)p->x + range.item * p->x_batch_stride + (top * p->in_w + left) * p->x_row_stride;
      float *out = (float *)p->out + range.item * p->out_batch_stride + (oy * p->out_w + ox) * p->out_row_stride;
      const v_f32 count = v_set1((float)(rows * columns));
      int64_t c = 0;
      for (; c + V_LANES <= p->channels; c += V_LANES) {
        v_store(out + c, v_div(sum_window(p, corner + c, rows, columns, V_LANES), count));
      }
      if (c < p->channels) {
        const int64_t n = p->channels - c;
        v_store_partial(out + c, v_div(sum_window(p, corner + c, rows, columns, n), count), n);
      }
    }
  }
  return DETR4J_OK;
}
