/*
 * One vocabulary of fp32 vectors, so that a kernel is one source for every tier. simd/<isa>.h gives it for one
 * instruction set; CMake says which with DETR4J_SIMD_<ISA>.
 *
 *   v_f32, V_LANES                     a vector of V_LANES floats; an array of them indexed by constants stays in registers
 *   v_load(p) v_store(p, v)            V_LANES floats at any address
 *   v_load_partial(p, n)               n floats, 0 <= n <= V_LANES, zero above; touches nothing past p[n - 1]
 *   v_store_partial(p, v, n)           the first n lanes; touches nothing past p[n - 1]
 *   v_stream(p, v)                     v_store past the caches where the processor can, p a multiple of V_BYTES; before another thread
 *                                      reads it: v_stream_end()
 *   v_set1(x) v_zero()
 *   v_first(v, n)                      the first n lanes, zero above, 0 <= n <= V_LANES
 *   v_unzip(a, b, &even, &odd)         the even and the odd elements of a followed by b
 *   v_add v_sub v_mul v_div v_sqrt v_abs
 *   v_fmadd(a, b, c) v_fnmadd(a, b, c) a * b + c and c - a * b; one rounding where the tier has FMA, two in sse2 and scalar
 *   v_min(a, b) v_max(a, b)            a < b ? a : b and a > b ? a : b: hence b when either is NaN; relu(x) = v_max(0, x) keeps NaN
 *   v_max_nan(a, b)                    NaN when either is NaN
 *   v_floor(x)                         |x| < 2^31
 *   v_reduce_add(v) v_reduce_max(v)    a float; the order of the sum is fixed in each tier; max of finite or infinite lanes
 *   v_mask                             one truth value a lane: v_lt(a, b), v_le(a, b), v_unordered(a, b), v_mask_and(m, n)
 *   v_select(m, a, b)                  m ? a : b
 *   v_i32                              V_LANES integers: v_i32_set1 v_i32_add v_i32_sub v_i32_mul v_i32_shl(v, n) v_i32_sar(v, n), n constant;
 *                                      v_i32_load(p) v_i32_store(p, v)
 *   v_to_i32(x) v_from_i32(i)          x rounded to nearest even, |x| < 2^31
 *   v_as_i32(x) v_as_f32(i)            the bits
 *   v_dot_bf16(a, b, c)                with DETR4J_PRODUCTS_BF16: lanes of a and b hold two bf16 each; c + a_low b_low + a_high b_high
 *   v_store_bf16(p, v, n)              the first n lanes as bf16, rounded to nearest even; v_store_bf16_pair(p, low, high): 2 V_LANES;
 *                                      v_stream_bf16_pair past the caches; v_load_bf16(p, n) gives fp32, zero above n
 *   v_exp(x)                           e^x within 2 ulp; exp(-inf) = 0, exp(+inf) = +inf, NaN stays
 *
 * Register tile of the GEMM kernels (gemm_tile.h): TILE_ROWS x TILE_VECTORS accumulators, TILE_COLUMNS floats wide.
 */
#ifndef DETR4J_SIMD_H
#define DETR4J_SIMD_H

#include <stdint.h>

#define V_INLINE static inline __attribute__((always_inline, unused))

#if defined(DETR4J_SIMD_AVX512)
#include "simd/avx512.h"
#elif defined(DETR4J_SIMD_AVX2)
#include "simd/avx2.h"
#elif defined(DETR4J_SIMD_SSE2)
#include "simd/sse2.h"
#elif defined(DETR4J_SIMD_NEON)
#include "simd/neon.h"
#elif defined(DETR4J_SIMD_SCALAR)
#include "simd/scalar.h"
#else
#error "define DETR4J_SIMD_<ISA>"
#endif

#define V_BYTES (V_LANES * 4)
#define TILE_VECTORS 2
#define TILE_COLUMNS (TILE_VECTORS * V_LANES)

/*
 * e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2. Nine bits of ln 2 make n * LN2_HIGH exact without FMA. The series to
 * r^7 is off by less than 6e-9. Outside the clamp the result is 0 or infinity anyway. 2^n is applied as two factors because
 * neither 2^-150 nor 2^128 is a normal float; so the result is rounded once, also when it is subnormal.
 */
V_INLINE v_f32 v_exp(v_f32 x) {
  const v_f32 magic = v_set1(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer, held in the low bits */
  const v_f32 clamped = v_max(v_set1(-104.0f), v_min(v_set1(89.0f), x));
  const v_f32 shifted = v_fmadd(clamped, v_set1(1.44269504f), magic);
  const v_f32 n = v_sub(shifted, magic);
  v_f32 r = v_fnmadd(n, v_set1(0.693359375f), clamped);
  r = v_fnmadd(n, v_set1(-2.12194440e-4f), r);
  v_f32 e = v_set1(1.0f / 5040);
  e = v_fmadd(e, r, v_set1(1.0f / 720));
  e = v_fmadd(e, r, v_set1(1.0f / 120));
  e = v_fmadd(e, r, v_set1(1.0f / 24));
  e = v_fmadd(e, r, v_set1(1.0f / 6));
  e = v_fmadd(e, r, v_set1(0.5f));
  e = v_fmadd(v_mul(e, r), r, r);
  e = v_add(e, v_set1(1.0f));
#if defined(DETR4J_SIMD_AVX512)
  return _mm512_scalef_ps(e, n);
#else
  const v_i32 power = v_i32_sub(v_as_i32(shifted), v_as_i32(magic));
  const v_i32 half = v_i32_sar(power, 1);
  const v_i32 bias = v_i32_set1(127);
  const v_f32 low = v_as_f32(v_i32_shl(v_i32_add(half, bias), 23));
  const v_f32 high = v_as_f32(v_i32_shl(v_i32_add(v_i32_sub(power, half), bias), 23));
  return v_mul(v_mul(e, low), high);
#endif
}

#endif /* DETR4J_SIMD_H */
