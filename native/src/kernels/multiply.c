// Product of two tensors, element by element; the memory sets the pace, so one vector at a time is enough.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_multiply_f32_tiles)(const detr4j_add *p) { return row_tiles(p->batch, p->rows, p->rows_per_tile); }

int32_t KERNEL(detr4j_multiply_f32)(const detr4j_add *p, int64_t tile) {
  row_range range;
  if (!rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t i = range.begin; i < range.end; i++) {
    const float *a = p->a + range.item * p->a_batch_stride + i * p->a_row_stride;
    const float *b = p->b + range.item * p->b_batch_stride + i * p->b_row_stride;
    float *out = p->out + range.item * p->out_batch_stride + i * p->out_row_stride;
    int64_t c = 0;
    for (; c + V_LANES <= p->columns; c += V_LANES) {
      v_store(out + c, v_mul(v_load(a + c), v_load(b + c)));
    }
    if (c < p->columns) {
      const int64_t n = p->columns - c;
      v_store_partial(out + c, v_mul(v_load_partial(a + c, n), v_load_partial(b + c, n)), n);
    }
  }
  return DETR4J_OK;
}
