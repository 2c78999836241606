// dz = dy * f'(z), element by element: the mask of a ReLU from its output, the slope of GELU from its input.

#include "activation.h"
#include "kernel.h"
#include "tiles.h"

V_INLINE v_f32 gradient(int32_t activation, v_f32 dy, v_f32 at) {
  if (activation == DETR4J_ACTIVATION_RELU) {
    // Written so that dy passes where the output is NaN.
    return v_select(v_le(at, v_zero()), v_zero(), dy);
  }
  const v_f32 density = v_mul(v_exp(v_mul(v_mul(at, at), v_set1(-0.5f))), v_set1(0.398942280f));
  return v_mul(dy, v_fmadd(at, density, v_normal_share(at)));
}

int64_t KERNEL(detr4j_activation_gradient_f32_tiles)(const detr4j_activation_gradient *p) {
  return row_tiles(p->batch, p->rows, p->rows_per_tile);
}

int32_t KERNEL(detr4j_activation_gradient_f32)(const detr4j_activation_gradient *p, int64_t tile) {
  row_range range;
  if ((p->activation != DETR4J_ACTIVATION_RELU && p->activation != DETR4J_ACTIVATION_GELU) ||
      !rows_of_tile(&range, tile, p->batch, p->rows, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t i = range.begin; i < range.end; i++) {
    const float *dy = p->dy + range.item * p->dy_batch_stride + i * p->dy_row_stride;
    const float *at = p->at + range.item * p->at_batch_stride + i * p->at_row_stride;
    float *dz = p->dz + range.item * p->dz_batch_stride + i * p->dz_row_stride;
    int64_t c = 0;
    for (; c + V_LANES <= p->columns; c += V_LANES) {
      v_store(dz + c, gradient(p->activation, v_load(dy + c), v_load(at + c)));
    }
    if (c < p->columns) {
      const int64_t n = p->columns - c;
      v_store_partial(dz + c, gradient(p->activation, v_load_partial(dy + c, n), v_load_partial(at + c, n)), n);
    }
  }
  return DETR4J_OK;
}
