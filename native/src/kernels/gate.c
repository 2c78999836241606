// Two halves of a row, each times the logistic function of its logits, added: one pass, one vector of each at a time.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_gate_f32_tiles)(const detr4j_add *p) { return row_tiles(p->batch, p->rows, p->rows_per_tile); }

V_INLINE v_f32 load(const float *x, int64_t n) { return n >= V_LANES ? v_load(x) : v_load_partial(x, n); }

V_INLINE v_f32 gated(const float *logits, const float *values, int64_t n) {
  const v_f32 power = v_exp(v_sub(v_zero(), load(logits, n)));
  return v_div(load(values, n), v_add(v_set1(1.0f), power));
}

int32_t KERNEL(detr4j_gate_f32)(const detr4j_add *p, int64_t tile) {
  row_range range;
  if (!rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t i = range.begin; i < range.end; i++) {
    const float *a = p->a + range.item * p->a_batch_stride + i * p->a_row_stride;
    const float *b = p->b + range.item * p->b_batch_stride + i * p->b_row_stride;
    float *out = p->out + range.item * p->out_batch_stride + i * p->out_row_stride;
    for (int64_t c = 0; c < p->columns; c += V_LANES) {
      const int64_t n = min_i64(V_LANES, p->columns - c), other = p->columns + c;
      const v_f32 sum = v_add(gated(a + c, b + c, n), gated(a + other, b + other, n));
      if (n == V_LANES) {
        v_store(out + c, sum);
      } else {
        v_store_partial(out + c, sum, n);
      }
    }
  }
  return DETR4J_OK;
}
