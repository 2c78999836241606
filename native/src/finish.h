/* What is fused behind the sums of a convolution or linear layer. */
#ifndef DETR4J_FINISH_H
#define DETR4J_FINISH_H

#include "activation.h"
#include "kernel.h"

/* out = activation(sum + bias + residual) for one vector of n channels. All of bias is readable: panels are padded. */
V_INLINE void finish_vector(
    const detr4j_conv2d *p, v_f32 sum, const float *bias, const float *residual, float *out, int64_t n) {
  if (bias != NULL) sum = v_add(sum, v_load(bias));
  if (n >= V_LANES) {
    if (residual != NULL) sum = v_add(sum, v_load(residual));
    v_store(out, v_activate(p->activation, sum));
  } else {
    if (residual != NULL) sum = v_add(sum, v_load_partial(residual, n));
    v_store_partial(out, v_activate(p->activation, sum), n);
  }
}

/* The lines of a row that will be written: on their way while the product runs. */
V_INLINE void prefetch_row(const float *row, int64_t n) {
  for (int64_t c = 0; c < n; c += 16) __builtin_prefetch(row + c, 1);
}

#endif /* DETR4J_FINISH_H */
