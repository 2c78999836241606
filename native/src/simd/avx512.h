/* AVX-512 (F, BW, DQ, VL): 32 registers of 16 floats. The tile keeps 24 accumulators, 2 or 4 vectors of B and 1 of A. */
#ifndef DETR4J_SIMD_AVX512_H
#define DETR4J_SIMD_AVX512_H

#include <immintrin.h>

#define V_LANES 16
#define TILE_ROWS 12
#define WIDE_ROWS 6

typedef __m512 v_f32;
typedef __m512i v_i32;
typedef __mmask16 v_mask;

V_INLINE __mmask16 v_first_lanes(int64_t n) { return (__mmask16)((1u << n) - 1); }

V_INLINE v_f32 v_load(const float *p) { return _mm512_loadu_ps(p); }
V_INLINE void v_store(float *p, v_f32 v) { _mm512_storeu_ps(p, v); }
V_INLINE void v_stream(float *p, v_f32 v) { _mm512_stream_ps(p, v); }
V_INLINE void v_stream_end(void) { _mm_sfence(); }
V_INLINE v_f32 v_load_partial(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(v_first_lanes(n), p); }
V_INLINE void v_store_partial(float *p, v_f32 v, int64_t n) { _mm512_mask_storeu_ps(p, v_first_lanes(n), v); }
V_INLINE v_f32 v_set1(float x) { return _mm512_set1_ps(x); }
V_INLINE v_f32 v_zero(void) { return _mm512_setzero_ps(); }
V_INLINE v_f32 v_first(v_f32 v, int64_t n) { return _mm512_maskz_mov_ps(v_first_lanes(n), v); }
V_INLINE void v_unzip(v_f32 a, v_f32 b, v_f32 *even, v_f32 *odd) {
  const __m512i lanes = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  *even = _mm512_permutex2var_ps(a, lanes, b);
  *odd = _mm512_permutex2var_ps(a, _mm512_add_epi32(lanes, _mm512_set1_epi32(1)), b);
}

V_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return _mm512_add_ps(a, b); }
V_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return _mm512_sub_ps(a, b); }
V_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return _mm512_mul_ps(a, b); }
V_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return _mm512_div_ps(a, b); }
V_INLINE v_f32 v_sqrt(v_f32 x) { return _mm512_sqrt_ps(x); }
V_INLINE v_f32 v_abs(v_f32 x) { return _mm512_abs_ps(x); }
V_INLINE v_f32 v_fmadd(v_f32 a, v_f32 b, v_f32 c) { return _mm512_fmadd_ps(a, b, c); }
V_INLINE v_f32 v_fnmadd(v_f32 a, v_f32 b, v_f32 c) { return _mm512_fnmadd_ps(a, b, c); }
V_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return _mm512_min_ps(a, b); }
V_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return _mm512_max_ps(a, b); }
V_INLINE v_f32 v_floor(v_f32 x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
#if defined(DETR4J_PRODUCTS_BF16) /* needs AVX512_BF16; subnormal numbers count as 0 */
V_INLINE v_f32 v_dot_bf16(v_f32 a, v_f32 b, v_f32 c) { return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b); }
V_INLINE void v_store_bf16(uint16_t *p, v_f32 v, int64_t n) {
  _mm256_mask_storeu_epi16(p, v_first_lanes(n), (__m256i)_mm512_cvtneps_pbh(v));
}
V_INLINE void v_store_bf16_pair(uint16_t *p, v_f32 low, v_f32 high) {
  _mm512_storeu_si512(p, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}
V_INLINE void v_stream_bf16_pair(uint16_t *p, v_f32 low, v_f32 high) {
  _mm512_stream_si512((void *)p, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}
V_INLINE v_f32 v_load_bf16(const uint16_t *p, int64_t n) {
  const __m256i bits = n == V_LANES ? _mm256_loadu_si256((const void *)p) : _mm256_maskz_loadu_epi16(v_first_lanes(n), p);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
#endif
V_INLINE float v_reduce_add(v_f32 v) { return _mm512_reduce_add_ps(v); }
V_INLINE float v_reduce_max(v_f32 v) { return _mm512_reduce_max_ps(v); }

V_INLINE v_mask v_lt(v_f32 a, v_f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
V_INLINE v_mask v_le(v_f32 a, v_f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
V_INLINE v_mask v_unordered(v_f32 a, v_f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
V_INLINE v_mask v_mask_and(v_mask m, v_mask n) { return (v_mask)(m & n); }
V_INLINE v_f32 v_select(v_mask m, v_f32 a, v_f32 b) { return _mm512_mask_blend_ps(m, b, a); }
V_INLINE v_f32 v_max_nan(v_f32 a, v_f32 b) { return v_select(v_unordered(a, a), a, v_max(a, b)); }

V_INLINE v_i32 v_i32_set1(int32_t x) { return _mm512_set1_epi32(x); }
V_INLINE void v_i32_store(int32_t *p, v_i32 v) { _mm512_storeu_si512(p, v); }
V_INLINE v_i32 v_i32_add(v_i32 a, v_i32 b) { return _mm512_add_epi32(a, b); }
V_INLINE v_i32 v_i32_sub(v_i32 a, v_i32 b) { return _mm512_sub_epi32(a, b); }
V_INLINE v_i32 v_i32_mul(v_i32 a, v_i32 b) { return _mm512_mullo_epi32(a, b); }
V_INLINE v_i32 v_i32_load(const int32_t *p) { return _mm512_loadu_si512(p); }
#define v_i32_shl(v, n) _mm512_slli_epi32(v, n)
#define v_i32_sar(v, n) _mm512_srai_epi32(v, n)
V_INLINE v_i32 v_to_i32(v_f32 x) { return _mm512_cvtps_epi32(x); }
V_INLINE v_f32 v_from_i32(v_i32 i) { return _mm512_cvtepi32_ps(i); }
V_INLINE v_i32 v_as_i32(v_f32 x) { return _mm512_castps_si512(x); }
V_INLINE v_f32 v_as_f32(v_i32 i) { return _mm512_castsi512_ps(i); }

#endif
