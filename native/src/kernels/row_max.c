// Largest value of each row: whole vectors first, then across their lanes and the rest one by one. NaN wins: v_max_nan keeps
// it, and a comparison with it fails.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_row_max_f32_tiles)(const detr4j_row_max *p) { return row_tiles(p->batch, p->rows, p->rows_per_tile); }

V_INLINE float larger(float a, float b) { return a != a || a >= b ? a : b; }

V_INLINE float row_max(const float *x, int64_t columns) {
  float largest = x[0];
  int64_t c = 0;
  if (columns >= V_LANES) {
    v_f32 max = v_load(x);
    for (c = V_LANES; c + V_LANES <= columns; c += V_LANES) {
      max = v_max_nan(max, v_load(x + c));
    }
    float lanes[V_LANES];
    v_store(lanes, max);
    for (int i = 0; i < V_LANES; i++) {
      largest = larger(largest, lanes[i]);
    }
  }
  for (; c < columns; c++) {
    largest = larger(largest, x[c]);
  }
  return largest;
}

int32_t KERNEL(detr4j_row_max_f32)(const detr4j_row_max *p, int64_t tile) {
  row_range range;
  if (p->columns < 1 || !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t i = range.begin; i < range.end; i++) {
    p->out[range.item * p->out_batch_stride + i * p->out_row_stride] =
        row_max(p->x + range.item * p->x_batch_stride + i * p->x_row_stride, p->columns);
  }
  return DETR4J_OK;
}
