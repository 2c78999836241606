/* What is fused behind the sums of a convolution or linear layer, and how maps are read and written. */
#ifndef DETR4J_FINISH_H
#define DETR4J_FINISH_H

#include "activation.h"
#include "kernel.h"

/*
 * Maps hold fp32, or the type of the kernel's products where x_type or out_type says so. Kernels with fp32 products are
 * compiled for the one type: MAP_TYPE is a constant there. The dispatcher has refused every other type.
 */
#if defined(DETR4J_PRODUCTS_BF16)
#define MAP_TYPE(type) (type)
#else
#define MAP_TYPE(type) ((void)(type), DETR4J_TYPE_F32)
#endif

/* Bytes of one element of a map. */
#define MAP_BYTES(type) (MAP_TYPE(type) == DETR4J_TYPE_BF16 ? 2 : 4)

/* Element i of a map; of map_at, NULL stays NULL, which inner loops must not pay for. */
V_INLINE const void *element_at(const void *map, int32_t type, int64_t i) { return (const char *)map + i * MAP_BYTES(type); }
static inline const void *map_at(const void *map, int32_t type, int64_t i) { return map == NULL ? NULL : element_at(map, type, i); }
static inline void *map_at_mutable(void *map, int32_t type, int64_t i) { return (char *)map + i * MAP_BYTES(type); }

/* n elements from a row of a map on, n <= V_LANES. */
V_INLINE v_f32 load_map(const void *row, int32_t type, int64_t n) {
#if defined(DETR4J_PRODUCTS_BF16)
  if (type == DETR4J_TYPE_BF16) return v_load_bf16(row, n);
#else
  (void)type;
#endif
  return n >= V_LANES ? v_load(row) : v_load_partial(row, n);
}

/* activation(sum + bias + residual) for one vector of n channels. All of bias is readable: panels are padded. */
V_INLINE v_f32 finished(const detr4j_conv2d *p, v_f32 sum, const float *bias, const float *residual, int64_t n) {
  if (bias != NULL) sum = v_add(sum, v_load(bias));
  if (residual != NULL) sum = v_add(sum, load_map(residual, DETR4J_TYPE_F32, min_i64(n, V_LANES)));
  return v_activate(p->activation, sum);
}

/* n elements to a row of a map, n <= V_LANES. */
V_INLINE void store_map(void *row, int32_t type, v_f32 y, int64_t n) {
#if defined(DETR4J_PRODUCTS_BF16)
  if (type == DETR4J_TYPE_BF16) {
    v_store_bf16(row, y, n);
    return;
  }
#else
  (void)type;
#endif
  if (n >= V_LANES) {
    v_store(row, y);
  } else {
    v_store_partial(row, y, n);
  }
}

V_INLINE void store_vector(const detr4j_conv2d *p, v_f32 y, void *out, int64_t n) {
#if defined(DETR4J_PRODUCTS_BF16)
  if (p->out_type == DETR4J_TYPE_BF16) {
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
  if (p->out_type == DETR4J_TYPE_BF16 && columns == TILE_COLUMNS) { /* one whole line */
    if (p->stream_output && (uintptr_t)out % V_BYTES == 0) {
      v_stream_bf16_pair(out, left, right);
    } else {
      v_store_bf16_pair(out, left, right);
    }
    return;
  }
#endif
  store_vector(p, left, out, V_LANES);
  store_vector(p, right, map_at_mutable(out, p->out_type, V_LANES), columns - V_LANES);
}

/* The lines of the output that will be written are on their way while the product runs; streamed ones are never fetched. */
V_INLINE void prefetch_output(const detr4j_conv2d *p, const void *row, int64_t n) {
  for (int64_t c = 0; c < n && !p->stream_output; c += 16) __builtin_prefetch(map_at(row, p->out_type, c), 1);
}

/* The same for lines that will be read. */
V_INLINE void prefetch_input(const float *row, int64_t n) {
  for (int64_t c = 0; c < n; c += 16) __builtin_prefetch(row + c);
}

#endif /* DETR4J_FINISH_H */
