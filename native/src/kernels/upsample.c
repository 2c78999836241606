// Every pixel of a map factor x factor times, channels last. A row of pixels is copied to each of its output rows while it is
// in the first-level cache; the stores set the pace.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_upsample_f32_tiles)(const detr4j_upsample *p) { return row_tiles(p->batch, p->in_h, p->rows_per_tile); }

V_INLINE void copy_pixel(const float *x, float *out, int64_t channels) {
  int64_t c = 0;
  for (; c + V_LANES <= channels; c += V_LANES) {
    v_store(out + c, v_load(x + c));
  }
  if (c < channels) {
    v_store_partial(out + c, v_load_partial(x + c, channels - c), channels - c);
  }
}

int32_t KERNEL(detr4j_upsample_f32)(const detr4j_upsample *p, int64_t tile) {
  row_range range;
  if (p->factor < 1 || !rows_of_tile(&range, tile, p->batch, p->in_h, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t out_w = (int64_t)p->in_w * p->factor;
  for (int64_t y = range.begin; y < range.end; y++) {
    const float *x = p->x + range.item * p->x_batch_stride + y * p->in_w * p->x_row_stride;
    for (int64_t row = 0; row < p->factor; row++) {
      float *out = p->out + range.item * p->out_batch_stride + (y * p->factor + row) * out_w * p->out_row_stride;
      for (int64_t ox = 0; ox < out_w; ox++) {
        copy_pixel(x + ox / p->factor * p->x_row_stride, out + ox * p->out_row_stride, p->channels);
      }
    }
  }
  return DETR4J_OK;
}
