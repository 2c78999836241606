/* Baseline of x86-64 (SSE2, no FMA): 16 registers of 4 floats. The tile keeps 8 accumulators, as a product needs a register too. */
#ifndef DETR4J_SIMD_SSE2_H
#define DETR4J_SIMD_SSE2_H

#include <emmintrin.h>

#define V_LANES 4
#define TILE_ROWS 4

typedef __m128 v_f32;
typedef __m128i v_i32;
typedef __m128 v_mask;

V_INLINE v_f32 v_load(const float *p) { return _mm_loadu_ps(p); }
V_INLINE void v_store(float *p, v_f32 v) { _mm_storeu_ps(p, v); }
V_INLINE void v_stream(float *p, v_f32 v) { _mm_stream_ps(p, v); }
V_INLINE void v_stream_end(void) { _mm_sfence(); }
V_INLINE v_f32 v_load_partial(const float *p, int64_t n) {
  switch (n) {
    case 0: return _mm_setzero_ps();
    case 1: return _mm_load_ss(p);
    case 2: return _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(const void *)p);
    case 3: return _mm_movelh_ps(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(const void *)p), _mm_load_ss(p + 2));
    default: return _mm_loadu_ps(p);
  }
}
V_INLINE void v_store_partial(float *p, v_f32 v, int64_t n) {
  switch (n) {
    case 0: break;
    case 1: _mm_store_ss(p, v); break;
    case 2: _mm_storel_pi((__m64 *)(void *)p, v); break;
    case 3:
      _mm_storel_pi((__m64 *)(void *)p, v);
      _mm_store_ss(p + 2, _mm_movehl_ps(v, v));
      break;
    default: _mm_storeu_ps(p, v);
  }
}
V_INLINE v_f32 v_set1(float x) { return _mm_set1_ps(x); }
V_INLINE v_f32 v_zero(void) { return _mm_setzero_ps(); }
V_INLINE v_f32 v_first(v_f32 v, int64_t n) {
  const __m128i above = _mm_cmplt_epi32(_mm_setr_epi32(0, 1, 2, 3), _mm_set1_epi32((int32_t)n));
  return _mm_and_ps(v, _mm_castsi128_ps(above));
}
V_INLINE void v_unzip(v_f32 a, v_f32 b, v_f32 *even, v_f32 *odd) {
  *even = _mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0));
  *odd = _mm_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1));
}

V_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return _mm_add_ps(a, b); }
V_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return _mm_sub_ps(a, b); }
V_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return _mm_mul_ps(a, b); }
V_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return _mm_div_ps(a, b); }
V_INLINE v_f32 v_sqrt(v_f32 x) { return _mm_sqrt_ps(x); }
V_INLINE v_f32 v_abs(v_f32 x) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), x); }
V_INLINE v_f32 v_fmadd(v_f32 a, v_f32 b, v_f32 c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
V_INLINE v_f32 v_fnmadd(v_f32 a, v_f32 b, v_f32 c) { return _mm_sub_ps(c, _mm_mul_ps(a, b)); }
V_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return _mm_min_ps(a, b); }
V_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return _mm_max_ps(a, b); }
V_INLINE v_f32 v_floor(v_f32 x) {
  __m128 truncated = _mm_cvtepi32_ps(_mm_cvttps_epi32(x));
  return _mm_sub_ps(truncated, _mm_and_ps(_mm_cmplt_ps(x, truncated), _mm_set1_ps(1.0f)));
}
V_INLINE float v_reduce_add(v_f32 v) {
  __m128 s = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}
V_INLINE float v_reduce_max(v_f32 v) {
  __m128 s = _mm_max_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_shuffle_ps(s, s, 1)));
}

V_INLINE v_mask v_lt(v_f32 a, v_f32 b) { return _mm_cmplt_ps(a, b); }
V_INLINE v_mask v_le(v_f32 a, v_f32 b) { return _mm_cmple_ps(a, b); }
V_INLINE v_mask v_unordered(v_f32 a, v_f32 b) { return _mm_cmpunord_ps(a, b); }
V_INLINE v_mask v_mask_and(v_mask m, v_mask n) { return _mm_and_ps(m, n); }
V_INLINE v_f32 v_select(v_mask m, v_f32 a, v_f32 b) { return _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b)); }
V_INLINE v_f32 v_max_nan(v_f32 a, v_f32 b) { return v_select(v_unordered(a, a), a, v_max(a, b)); }

V_INLINE v_i32 v_i32_set1(int32_t x) { return _mm_set1_epi32(x); }
V_INLINE void v_i32_store(int32_t *p, v_i32 v) { _mm_storeu_si128((__m128i *)(void *)p, v); }
V_INLINE v_i32 v_i32_add(v_i32 a, v_i32 b) { return _mm_add_epi32(a, b); }
V_INLINE v_i32 v_i32_sub(v_i32 a, v_i32 b) { return _mm_sub_epi32(a, b); }
V_INLINE v_i32 v_i32_mul(v_i32 a, v_i32 b) {
  const __m128i even = _mm_mul_epu32(a, b), odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), _mm_srli_epi64(b, 32));
  return _mm_unpacklo_epi32(_mm_shuffle_epi32(even, _MM_SHUFFLE(0, 0, 2, 0)), _mm_shuffle_epi32(odd, _MM_SHUFFLE(0, 0, 2, 0)));
}
V_INLINE v_i32 v_i32_load(const int32_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
#define v_i32_shl(v, n) _mm_slli_epi32(v, n)
#define v_i32_sar(v, n) _mm_srai_epi32(v, n)
V_INLINE v_i32 v_to_i32(v_f32 x) { return _mm_cvtps_epi32(x); }
V_INLINE v_f32 v_from_i32(v_i32 i) { return _mm_cvtepi32_ps(i); }
V_INLINE v_i32 v_as_i32(v_f32 x) { return _mm_castps_si128(x); }
V_INLINE v_f32 v_as_f32(v_i32 i) { return _mm_castsi128_ps(i); }

#endif
