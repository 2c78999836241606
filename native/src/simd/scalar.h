/*
 * Plain C for processors without a header of their own: four lanes in a struct, which a compiler may vectorise. With
 * DETR4J_SCALAR_LANES=16 it stands in for AVX-512 where kernels on AMX tiles are tested on other processors.
 */
#ifndef DETR4J_SIMD_SCALAR_H
#define DETR4J_SIMD_SCALAR_H

#include <math.h>
#include <string.h>

#if !defined(DETR4J_SCALAR_LANES)
#define DETR4J_SCALAR_LANES 4
#endif
#define V_LANES DETR4J_SCALAR_LANES
#define TILE_ROWS 2

typedef struct v_f32 {
  float lane[V_LANES];
} v_f32;
typedef struct v_i32 {
  int32_t lane[V_LANES];
} v_i32;
typedef v_i32 v_mask; /* 0 or -1 */

#define V_EACH(type, expression)                                \
  type result;                                                  \
  for (int i = 0; i < V_LANES; i++) result.lane[i] = expression; \
  return result

V_INLINE v_f32 v_load(const float *p) { V_EACH(v_f32, p[i]); }
V_INLINE void v_store(float *p, v_f32 v) { memcpy(p, v.lane, sizeof v.lane); }
V_INLINE void v_stream(float *p, v_f32 v) { v_store(p, v); }
V_INLINE void v_stream_end(void) {}
V_INLINE v_f32 v_load_partial(const float *p, int64_t n) { V_EACH(v_f32, i < n ? p[i] : 0.0f); }
V_INLINE void v_store_partial(float *p, v_f32 v, int64_t n) {
  for (int64_t i = 0; i < n; i++) p[i] = v.lane[i];
}
V_INLINE v_f32 v_set1(float x) { V_EACH(v_f32, x); }
V_INLINE v_f32 v_zero(void) { V_EACH(v_f32, 0.0f); }
V_INLINE v_f32 v_first(v_f32 v, int64_t n) { V_EACH(v_f32, i < n ? v.lane[i] : 0.0f); }
V_INLINE void v_unzip(v_f32 a, v_f32 b, v_f32 *even, v_f32 *odd) {
  for (int i = 0; i < V_LANES / 2; i++) {
    even->lane[i] = a.lane[2 * i];
    even->lane[i + V_LANES / 2] = b.lane[2 * i];
    odd->lane[i] = a.lane[2 * i + 1];
    odd->lane[i + V_LANES / 2] = b.lane[2 * i + 1];
  }
}

V_INLINE v_f32 v_add(v_f32 a, v_f32 b) { V_EACH(v_f32, a.lane[i] + b.lane[i]); }
V_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { V_EACH(v_f32, a.lane[i] - b.lane[i]); }
V_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { V_EACH(v_f32, a.lane[i] * b.lane[i]); }
V_INLINE v_f32 v_div(v_f32 a, v_f32 b) { V_EACH(v_f32, a.lane[i] / b.lane[i]); }
V_INLINE v_f32 v_sqrt(v_f32 x) { V_EACH(v_f32, sqrtf(x.lane[i])); }
V_INLINE v_f32 v_abs(v_f32 x) { V_EACH(v_f32, fabsf(x.lane[i])); }
V_INLINE v_f32 v_fmadd(v_f32 a, v_f32 b, v_f32 c) { V_EACH(v_f32, a.lane[i] * b.lane[i] + c.lane[i]); }
V_INLINE v_f32 v_fnmadd(v_f32 a, v_f32 b, v_f32 c) { V_EACH(v_f32, c.lane[i] - a.lane[i] * b.lane[i]); }
V_INLINE v_f32 v_min(v_f32 a, v_f32 b) { V_EACH(v_f32, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]); }
V_INLINE v_f32 v_max(v_f32 a, v_f32 b) { V_EACH(v_f32, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
V_INLINE v_f32 v_floor(v_f32 x) { V_EACH(v_f32, floorf(x.lane[i])); }
V_INLINE float v_reduce_add(v_f32 v) {
  for (int n = V_LANES / 2; n > 0; n /= 2) {
    for (int i = 0; i < n; i++) v.lane[i] += v.lane[i + n];
  }
  return v.lane[0];
}
V_INLINE float v_reduce_max(v_f32 v) {
  for (int i = 1; i < V_LANES; i++) v.lane[0] = v.lane[0] > v.lane[i] ? v.lane[0] : v.lane[i];
  return v.lane[0];
}
#if defined(DETR4J_PRODUCTS_BF16)
V_INLINE float v_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
V_INLINE uint16_t v_lane_bf16(float x) { /* to nearest even; NaN stays NaN, subnormal numbers count as 0 */
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (x != x) return (uint16_t)(bits >> 16 | 0x40);
  if ((bits & 0x7f800000) == 0) return (uint16_t)(bits >> 16 & 0x8000);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
V_INLINE v_f32 v_dot_bf16(v_f32 a, v_f32 b, v_f32 c) {
  for (int i = 0; i < V_LANES; i++) {
    uint32_t x, y;
    memcpy(&x, &a.lane[i], sizeof x);
    memcpy(&y, &b.lane[i], sizeof y);
    c.lane[i] += v_from_bits(x << 16) * v_from_bits(y << 16);
    c.lane[i] += v_from_bits(x & 0xffff0000u) * v_from_bits(y & 0xffff0000u);
  }
  return c;
}
V_INLINE void v_store_bf16(uint16_t *p, v_f32 v, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const uint16_t narrow = v_lane_bf16(v.lane[i]);
    memcpy(p + i, &narrow, sizeof narrow);
  }
}
V_INLINE void v_store_bf16_pair(uint16_t *p, v_f32 low, v_f32 high) {
  v_store_bf16(p, low, V_LANES);
  v_store_bf16(p + V_LANES, high, V_LANES);
}
V_INLINE void v_stream_bf16_pair(uint16_t *p, v_f32 low, v_f32 high) { v_store_bf16_pair(p, low, high); }
V_INLINE v_f32 v_load_bf16(const uint16_t *p, int64_t n) { V_EACH(v_f32, i < n ? v_from_bits((uint32_t)p[i] << 16) : 0.0f); }
#endif

V_INLINE v_mask v_lt(v_f32 a, v_f32 b) { V_EACH(v_mask, -(a.lane[i] < b.lane[i])); }
V_INLINE v_mask v_le(v_f32 a, v_f32 b) { V_EACH(v_mask, -(a.lane[i] <= b.lane[i])); }
V_INLINE v_mask v_unordered(v_f32 a, v_f32 b) { V_EACH(v_mask, -(a.lane[i] != a.lane[i] || b.lane[i] != b.lane[i])); }
V_INLINE v_mask v_mask_and(v_mask m, v_mask n) { V_EACH(v_mask, m.lane[i] & n.lane[i]); }
V_INLINE v_f32 v_select(v_mask m, v_f32 a, v_f32 b) { V_EACH(v_f32, m.lane[i] ? a.lane[i] : b.lane[i]); }
V_INLINE v_f32 v_max_nan(v_f32 a, v_f32 b) { return v_select(v_unordered(a, a), a, v_max(a, b)); }

V_INLINE v_i32 v_i32_set1(int32_t x) { V_EACH(v_i32, x); }
V_INLINE void v_i32_store(int32_t *p, v_i32 v) { memcpy(p, v.lane, sizeof v.lane); }
V_INLINE v_i32 v_i32_add(v_i32 a, v_i32 b) { V_EACH(v_i32, a.lane[i] + b.lane[i]); }
V_INLINE v_i32 v_i32_sub(v_i32 a, v_i32 b) { V_EACH(v_i32, a.lane[i] - b.lane[i]); }
V_INLINE v_i32 v_i32_mul(v_i32 a, v_i32 b) { V_EACH(v_i32, (int32_t)((uint32_t)a.lane[i] * (uint32_t)b.lane[i])); }
V_INLINE v_i32 v_i32_load(const int32_t *p) { V_EACH(v_i32, p[i]); }
V_INLINE v_i32 v_i32_shl(v_i32 v, int n) { V_EACH(v_i32, (int32_t)((uint32_t)v.lane[i] << n)); }
V_INLINE v_i32 v_i32_sar(v_i32 v, int n) { V_EACH(v_i32, v.lane[i] >> n); }
V_INLINE v_i32 v_to_i32(v_f32 x) { V_EACH(v_i32, (int32_t)rintf(x.lane[i])); }
V_INLINE v_f32 v_from_i32(v_i32 v) { V_EACH(v_f32, (float)v.lane[i]); }
V_INLINE v_i32 v_as_i32(v_f32 x) {
  v_i32 result;
  memcpy(&result, &x, sizeof result);
  return result;
}
V_INLINE v_f32 v_as_f32(v_i32 v) {
  v_f32 result;
  memcpy(&result, &v, sizeof result);
  return result;
}

#undef V_EACH

#endif
