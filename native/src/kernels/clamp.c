// Every element between two limits. The limit comes first in the maximum and minimum, which return their second operand where
// one is NaN.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_clamp_f32_tiles)(const detr4j_clamp *p) { return row_tiles(p->batch, p->rows, p->rows_per_tile); }

int32_t KERNEL(detr4j_clamp_f32)(const detr4j_clamp *p, int64_t tile) {
  row_range range;
  if (!(p->least <= p->most) || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const v_f32 least = v_set1(p->least), most = v_set1(p->most);
  for (int64_t i = range.begin; i < range.end; i++) {
    const float *x = p->x + range.item * p->x_batch_stride + i * p->x_row_stride;
    float *out = p->out + range.item * p->out_batch_stride + i * p->out_row_stride;
    int64_t c = 0;
    for (; c + V_LANES <= p->columns; c += V_LANES) {
      v_store(out + c, v_min(most, v_max(least, v_load(x + c))));
    }
    if (c < p->columns) {
      const int64_t n = p->columns - c;
      v_store_partial(out + c, v_min(most, v_max(least, v_load_partial(x + c, n))), n);
    }
  }
  return DETR4J_OK;
}
