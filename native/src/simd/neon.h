/* AArch64 Advanced SIMD: 32 registers of 4 floats. The tile keeps 24 accumulators, 2 vectors of B and 1 of A. */
#ifndef DETR4J_SIMD_NEON_H
#define DETR4J_SIMD_NEON_H

#include <arm_neon.h>

#define V_LANES 4
#define TILE_ROWS 12

typedef float32x4_t v_f32;
typedef int32x4_t v_i32;
typedef uint32x4_t v_mask;

V_INLINE v_f32 v_load(const float *p) { return vld1q_f32(p); }
V_INLINE void v_store(float *p, v_f32 v) { vst1q_f32(p, v); }
V_INLINE void v_stream(float *p, v_f32 v) { v_store(p, v); }
V_INLINE void v_stream_end(void) {}
V_INLINE v_f32 v_load_partial(const float *p, int64_t n) {
  v_f32 v = vdupq_n_f32(0.0f);
  switch (n) {
    case 0: return v;
    case 1: return vld1q_lane_f32(p, v, 0);
    case 2: return vcombine_f32(vld1_f32(p), vdup_n_f32(0.0f));
    case 3: return vcombine_f32(vld1_f32(p), vld1_lane_f32(p + 2, vdup_n_f32(0.0f), 0));
    default: return vld1q_f32(p);
  }
}
V_INLINE void v_store_partial(float *p, v_f32 v, int64_t n) {
  switch (n) {
    case 0: break;
    case 1: vst1q_lane_f32(p, v, 0); break;
    case 2: vst1_f32(p, vget_low_f32(v)); break;
    case 3:
      vst1_f32(p, vget_low_f32(v));
      vst1q_lane_f32(p + 2, v, 2);
      break;
    default: vst1q_f32(p, v);
  }
}
V_INLINE v_f32 v_set1(float x) { return vdupq_n_f32(x); }
V_INLINE v_f32 v_zero(void) { return vdupq_n_f32(0.0f); }
V_INLINE v_f32 v_first(v_f32 v, int64_t n) {
  const uint32_t lanes[4] = {0, 1, 2, 3};
  const uint32x4_t below = vcltq_u32(vld1q_u32(lanes), vdupq_n_u32((uint32_t)n));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), below));
}
V_INLINE void v_unzip(v_f32 a, v_f32 b, v_f32 *even, v_f32 *odd) {
  *even = vuzp1q_f32(a, b);
  *odd = vuzp2q_f32(a, b);
}

V_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return vaddq_f32(a, b); }
V_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return vsubq_f32(a, b); }
V_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return vmulq_f32(a, b); }
V_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return vdivq_f32(a, b); }
V_INLINE v_f32 v_sqrt(v_f32 x) { return vsqrtq_f32(x); }
V_INLINE v_f32 v_abs(v_f32 x) { return vabsq_f32(x); }
V_INLINE v_f32 v_fmadd(v_f32 a, v_f32 b, v_f32 c) { return vfmaq_f32(c, a, b); }
V_INLINE v_f32 v_fnmadd(v_f32 a, v_f32 b, v_f32 c) { return vfmsq_f32(c, a, b); }
/* FMIN and FMAX give NaN when either is NaN; the vocabulary promises b. */
V_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
V_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
V_INLINE v_f32 v_max_nan(v_f32 a, v_f32 b) { return vmaxq_f32(a, b); }
V_INLINE v_f32 v_floor(v_f32 x) { return vrndmq_f32(x); }
V_INLINE float v_reduce_add(v_f32 v) { return vaddvq_f32(v); }
V_INLINE float v_reduce_max(v_f32 v) { return vmaxvq_f32(v); }

V_INLINE v_mask v_lt(v_f32 a, v_f32 b) { return vcltq_f32(a, b); }
V_INLINE v_mask v_le(v_f32 a, v_f32 b) { return vcleq_f32(a, b); }
V_INLINE v_mask v_unordered(v_f32 a, v_f32 b) { return vmvnq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b))); }
V_INLINE v_mask v_mask_and(v_mask m, v_mask n) { return vandq_u32(m, n); }
V_INLINE v_f32 v_select(v_mask m, v_f32 a, v_f32 b) { return vbslq_f32(m, a, b); }

V_INLINE v_i32 v_i32_set1(int32_t x) { return vdupq_n_s32(x); }
V_INLINE void v_i32_store(int32_t *p, v_i32 v) { vst1q_s32(p, v); }
V_INLINE v_i32 v_i32_add(v_i32 a, v_i32 b) { return vaddq_s32(a, b); }
V_INLINE v_i32 v_i32_sub(v_i32 a, v_i32 b) { return vsubq_s32(a, b); }
V_INLINE v_i32 v_i32_mul(v_i32 a, v_i32 b) { return vmulq_s32(a, b); }
V_INLINE v_i32 v_i32_load(const int32_t *p) { return vld1q_s32(p); }
#define v_i32_shl(v, n) vshlq_n_s32(v, n)
#define v_i32_sar(v, n) vshrq_n_s32(v, n)
V_INLINE v_i32 v_to_i32(v_f32 x) { return vcvtnq_s32_f32(x); }
V_INLINE v_f32 v_from_i32(v_i32 i) { return vcvtq_f32_s32(i); }
V_INLINE v_i32 v_as_i32(v_f32 x) { return vreinterpretq_s32_f32(x); }
V_INLINE v_f32 v_as_f32(v_i32 i) { return vreinterpretq_f32_s32(i); }

#endif
