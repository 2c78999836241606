/* What is fused behind the sums of a convolution or linear layer, and how maps are read and written. */
#ifndef DETR4J_FINISH_H
#define DETR4J_FINISH_H

#include "activation.h"
#include "kernel.h"

/*
 * Maps hold fp32, or bf16 where the kernel has bf16 products and the flag says so. fp32 kernels are compiled without the
 * second case: MAP_BF16(flag) is 0 there.
 */
#if defined(DETR4J_PRODUCTS_BF16)
#define MAP_BF16(flag) (flag)
#else
#define MAP_BF16(flag) ((void)(flag), 0)
#endif

/* fp32 kernels refuse bf16 maps. */
static inline int maps_fit(const detr4j_conv2d *p) {
#if defined(DETR4J_PRODUCTS_BF16)
  (void)p;
  return 1;
#else
  return !p->x_bf16 && !p->out_bf16;
#endif
}

/* Element i of a map; NULL stays NULL. */
static inline const void *map_at(const void *map, int bf16, int64_t i) {
  return map == NULL ? NULL : (const char *)map + i * (MAP_BF16(bf16) ? 2 : 4);
}
static inline void *map_at_mutable(void *map, int bf16, int64_t i) { return (char *)map + i * (MAP_BF16(bf16) ? 2 : 4); }

/* n elements from a row of a map on, n <= V_LANES. */
V_INLINE v_f32 load_map(const void *row, int bf16, int64_t n) {
#if defined(DETR4J_PRODUCTS_BF16)
  if (bf16) return v_load_bf16(row, n);
#else
  (void)bf16;
#endif
  return n >= V_LANES ? v_load(row) : v_load_partial(row, n);
}

/* activation(sum + bias + residual) for one vector of n channels. All of bias is readable: panels are padded. */
V_INLINE v_f32 finished(const detr4j_conv2d *p, v_f32 sum, const float *bias, const float *residual, int64_t n) {
  if (bias != NULL) sum = v_add(sum, v_load(bias));
  if (residual != NULL) sum = v_add(sum, load_map(residual, 0, min_i64(n, V_LANES)));
  return v_activate(p->activation, sum);
}

V_INLINE void store_vector(const detr4j_conv2d *p, v_f32 y, void *out, int64_t n) {
#if defined(DETR4J_PRODUCTS_BF16)
  if (p->out_bf16) {
    v_store_bf16(out, y, min_i64(n, V_LANES));
    return;
  }
#endif
  if (n < V_LANES) {
    v_store_partial(out, y, n);
  } else if (p->stream_output && (uintptr_t)out % V_BYTES == 0) {
    v_stream(out, y);
  } else {
    v_store(out, y);
  }
}

/* The channels of one panel at one pixel: left and right are its two vectors, columns how many are there. */
V_INLINE void finish_channels(
    const detr4j_conv2d *p, v_f32 left, v_f32 right, const float *bias, const float *residual, void *out, int64_t columns) {
  left = finished(p, left, bias, residual, columns);
  if (columns <= V_LANES) {
    store_vector(p, left, out, columns);
    return;
  }
  right = finished(
      p, right, bias == NULL ? NULL : bias + V_LANES, residual == NULL ? NULL : residual + V_LANES,
      columns - V_LANES);
#if defined(DETR4J_PRODUCTS_BF16)
  if (p->out_bf16 && columns == TILE_COLUMNS) { /* one whole line */
    if (p->stream_output && (uintptr_t)out % V_BYTES == 0) {
      v_stream_bf16_pair(out, left, right);
    } else {
      v_store_bf16_pair(out, left, right);
    }
    return;
  }
#endif
  store_vector(p, left, out, V_LANES);
  store_vector(p, right, map_at_mutable(out, p->out_bf16, V_LANES), columns - V_LANES);
}

/* The lines of the output that will be written are on their way while the product runs; streamed ones are never fetched. */
V_INLINE void prefetch_output(const detr4j_conv2d *p, const void *row, int64_t n) {
  for (int64_t c = 0; c < n && !p->stream_output; c += 16) __builtin_prefetch(map_at(row, p->out_bf16, c), 1);
}

/* The same for lines that will be read. */
V_INLINE void prefetch_input(const float *row, int64_t n) {
  for (int64_t c = 0; c < n; c += 16) __builtin_prefetch(row + c);
}

#endif /* DETR4J_FINISH_H */
