/* x86-64-v3 (AVX2, FMA): 16 registers of 8 floats. The tile keeps 12 accumulators, 2 vectors of B and 1 of A. */
#ifndef DETR4J_SIMD_AVX2_H
#define DETR4J_SIMD_AVX2_H

#include <immintrin.h>

#define V_LANES 8
#define TILE_ROWS 6

typedef __m256 v_f32;
typedef __m256i v_i32;
typedef __m256 v_mask;

V_INLINE __m256i v_first_lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

V_INLINE v_f32 v_load(const float *p) { return _mm256_loadu_ps(p); }
V_INLINE void v_store(float *p, v_f32 v) { _mm256_storeu_ps(p, v); }
V_INLINE void v_stream(float *p, v_f32 v) { _mm256_stream_ps(p, v); }
V_INLINE void v_stream_end(void) { _mm_sfence(); }
V_INLINE v_f32 v_load_partial(const float *p, int64_t n) { return _mm256_maskload_ps(p, v_first_lanes(n)); }
V_INLINE void v_store_partial(float *p, v_f32 v, int64_t n) { _mm256_maskstore_ps(p, v_first_lanes(n), v); }
V_INLINE v_f32 v_set1(float x) { return _mm256_set1_ps(x); }
V_INLINE v_f32 v_zero(void) { return _mm256_setzero_ps(); }
V_INLINE v_f32 v_first(v_f32 v, int64_t n) { return _mm256_and_ps(v, _mm256_castsi256_ps(v_first_lanes(n))); }
V_INLINE void v_unzip(v_f32 a, v_f32 b, v_f32 *even, v_f32 *odd) {
  *even = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0))), 0xd8));
  *odd = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1))), 0xd8));
}

V_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return _mm256_add_ps(a, b); }
V_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return _mm256_sub_ps(a, b); }
V_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return _mm256_mul_ps(a, b); }
V_INLINE v_f32 v_div(v_f32 a, v_f32 b) { return _mm256_div_ps(a, b); }
V_INLINE v_f32 v_sqrt(v_f32 x) { return _mm256_sqrt_ps(x); }
V_INLINE v_f32 v_abs(v_f32 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
V_INLINE v_f32 v_fmadd(v_f32 a, v_f32 b, v_f32 c) { return _mm256_fmadd_ps(a, b, c); }
V_INLINE v_f32 v_fnmadd(v_f32 a, v_f32 b, v_f32 c) { return _mm256_fnmadd_ps(a, b, c); }
V_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return _mm256_min_ps(a, b); }
V_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return _mm256_max_ps(a, b); }
V_INLINE v_f32 v_floor(v_f32 x) { return _mm256_floor_ps(x); }
V_INLINE float v_reduce_add(v_f32 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
V_INLINE float v_reduce_max(v_f32 v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

V_INLINE v_mask v_lt(v_f32 a, v_f32 b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
V_INLINE v_mask v_le(v_f32 a, v_f32 b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
V_INLINE v_mask v_unordered(v_f32 a, v_f32 b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
V_INLINE v_mask v_mask_and(v_mask m, v_mask n) { return _mm256_and_ps(m, n); }
V_INLINE v_f32 v_select(v_mask m, v_f32 a, v_f32 b) { return _mm256_blendv_ps(b, a, m); }
V_INLINE v_f32 v_max_nan(v_f32 a, v_f32 b) { return v_select(v_unordered(a, a), a, v_max(a, b)); }

V_INLINE v_i32 v_i32_set1(int32_t x) { return _mm256_set1_epi32(x); }
V_INLINE void v_i32_store(int32_t *p, v_i32 v) { _mm256_storeu_si256((__m256i *)(void *)p, v); }
V_INLINE v_i32 v_i32_add(v_i32 a, v_i32 b) { return _mm256_add_epi32(a, b); }
V_INLINE v_i32 v_i32_sub(v_i32 a, v_i32 b) { return _mm256_sub_epi32(a, b); }
V_INLINE v_i32 v_i32_mul(v_i32 a, v_i32 b) { return _mm256_mullo_epi32(a, b); }
V_INLINE v_i32 v_i32_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
#define v_i32_shl(v, n) _mm256_slli_epi32(v, n)
#define v_i32_sar(v, n) _mm256_srai_epi32(v, n)
V_INLINE v_i32 v_to_i32(v_f32 x) { return _mm256_cvtps_epi32(x); }
V_INLINE v_f32 v_from_i32(v_i32 i) { return _mm256_cvtepi32_ps(i); }
V_INLINE v_i32 v_as_i32(v_f32 x) { return _mm256_castps_si256(x); }
V_INLINE v_f32 v_as_f32(v_i32 i) { return _mm256_castsi256_ps(i); }

#endif
