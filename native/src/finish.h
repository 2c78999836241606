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
    const v_f32 y = v_activate(p->activation, sum);
    if (p->stream_output && (uintptr_t)out % V_BYTES == 0) {
      v_stream(out, y);
    } else {
      v_store(out, y);
    }
  } else {
    if (residual != NULL) sum = v_add(sum, v_load_partial(residual, n));
    v_store_partial(out, v_activate(p->activation, sum), n);
  }
}

/* The lines of the output that will be written are on their way while the product runs; streamed ones are never fetched. */
V_INLINE void prefetch_output(const detr4j_conv2d *p, const float *row, int64_t n) {
  for (int64_t c = 0; c < n && !p->stream_output; c += 16) __builtin_prefetch(row + c, 1);
}

/* The same for lines that will be read. */
V_INLINE void prefetch_input(const float *row, int64_t n) {
  for (int64_t c = 0; c < n; c += 16) __builtin_prefetch(row + c);
}

#endif /* DETR4J_FINISH_H */
