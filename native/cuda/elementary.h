// exp, sine and cosine, logarithm, SiLU and GELU in fused multiply-adds and whole-number steps: the same bits wherever fp32 is
// IEEE 754. The polynomials interpolate at Chebyshev nodes; elementary_test holds the largest errors that stand beside them.
#ifndef DETR4J_CUDA_ELEMENTARY_H
#define DETR4J_CUDA_ELEMENTARY_H

#include "device.h"

// e^x, within 1.1 units in the last place where the result is normal. 0 below -104, infinity above 88.8, NaN for NaN.
DETR4J_DEVICE float exp_f32(float x) {
  // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, the first of few enough bits that n times it is exact.
  const float n = rintf(x * 1.44269504f);
  float r = __fmaf_rn(n, -0.693359375f, x);
  r = __fmaf_rn(n, 2.12194440e-4f, r);
  float p = 0.000198909882f;
  p = __fmaf_rn(p, r, 0.00139336474f);
  p = __fmaf_rn(p, r, 0.00833331048f);
  p = __fmaf_rn(p, r, 0.0416664667f);
  p = __fmaf_rn(p, r, 0.166666672f);
  p = __fmaf_rn(p, r, 0.5f);
  p = __fmaf_rn(p, r * r, r) + 1.0f;
  if (!(x > -104.0f)) return x != x ? x : 0.0f;
  if (x > 88.8f) return INFINITY;
  // 2^n in two factors, so that neither overflows and a subnormal result is rounded once.
  const int half = (int)n / 2;
  return p * __uint_as_float((unsigned)(half + 127) << 23) * __uint_as_float((unsigned)((int)n - half + 127) << 23);
}

// e^x in double, within 2^-51 of itself, for what becomes an fp32: 0 below -150, infinity above 150, NaN for NaN.
DETR4J_DEVICE double exp_f64(double x) {
  if (!(x >= -150.0 && x <= 150.0)) return x != x ? x : x < 0.0 ? 0.0 : (double)INFINITY;
  const double n = rint(x * 1.4426950408889634);
  double r = __fma_rn(n, -0.6931471805599453, x);
  r = __fma_rn(n, -2.3190468138462996e-17, r);
  // The series to the 13th power: the next term is below 2^-57 where |r| <= ln 2 / 2.
  double p = 1.6059043836821613e-10;
  p = __fma_rn(p, r, 2.0876756987868100e-9);
  p = __fma_rn(p, r, 2.5052108385441720e-8);
  p = __fma_rn(p, r, 2.7557319223985888e-7);
  p = __fma_rn(p, r, 2.7557319223985893e-6);
  p = __fma_rn(p, r, 2.4801587301587302e-5);
  p = __fma_rn(p, r, 1.9841269841269841e-4);
  p = __fma_rn(p, r, 1.3888888888888889e-3);
  p = __fma_rn(p, r, 8.3333333333333333e-3);
  p = __fma_rn(p, r, 4.1666666666666664e-2);
  p = __fma_rn(p, r, 1.6666666666666666e-1);
  p = __fma_rn(p, r, 0.5);
  p = __fma_rn(p * r, r, r) + 1.0;
  // 2^n in two factors that fp32 has, both exact in double.
  const int half = (int)n / 2;
  return p * (double)__uint_as_float((unsigned)(half + 127) << 23) * (double)__uint_as_float((unsigned)((int)n - half + 127) << 23);
}

DETR4J_DEVICE float sigmoid_f32(float x) { return 1.0f / (1.0f + exp_f32(-x)); }

// x sigmoid(x), by an exponential that does not overflow.
DETR4J_DEVICE float silu_f32(float x) {
  const float e = exp_f32(-fabsf(x));
  return x * ((x < 0.0f ? e : 1.0f) / (1.0f + e));
}

// The natural logarithm of a positive number, within 1.1 units in the last place; -infinity of 0, NaN below and for NaN.
DETR4J_DEVICE float log_f32(float x) {
  if (!(x > 0.0f)) return x == 0.0f ? -INFINITY : NAN;
  if (x == INFINITY) return x;
  int exponent = 0;
  if (x < 1.17549435e-38f) {
    x *= 8388608.0f;
    exponent = -23;
  }
  // x = 2^e m with sqrt(1/2) < m <= sqrt(2); log m = 2 atanh(s), s = (m - 1) / (m + 1), whose series is short.
  const unsigned bits = __float_as_uint(x) + (0x3f800000u - 0x3f3504f3u);
  exponent += (int)(bits >> 23) - 127;
  const float m = __uint_as_float((bits & 0x7fffffu) + 0x3f3504f3u);
  const float f = m - 1.0f, s = f / (m + 1.0f), z = s * s;
  float p = 0.233304679f;
  p = __fmaf_rn(p, z, 0.285508215f);
  p = __fmaf_rn(p, z, 0.400001228f);
  p = __fmaf_rn(p, z, 0.666666687f);
  // 2 s = f - s f, which keeps the digits of f.
  const float tail = s * __fmaf_rn(p, z, -f);
  const float e = (float)exponent;
  return __fmaf_rn(e, 0.693359375f, f + __fmaf_rn(e, -2.12194440e-4f, tail));
}

// Sine (odd = 0) or cosine (odd = 1), within 1e-7, of |x| below 2^30; NaN for every other. The reduction is in double.
DETR4J_DEVICE float sine_f32(float x, int odd) {
  if (!(fabsf(x) < 1073741824.0f)) return NAN;
  const double n = rint((double)x * 0.63661977236758134);
  const float r = (float)__fma_rn(n, -6.123233995736766e-17, __fma_rn(n, -1.5707963267948966, (double)x));
  const int quadrant = (int)n + odd;
  const float z = r * r;
  float v;
  if (quadrant & 1) {
    v = 2.45479423e-05f;
    v = __fmaf_rn(v, z, -0.00138883025f);
    v = __fmaf_rn(v, z, 0.0416666642f);
    v = __fmaf_rn(v, z, -0.5f);
    v = __fmaf_rn(v, z, 1.0f);
  } else {
    v = -0.000195878907f;
    v = __fmaf_rn(v, z, 0.00833274797f);
    v = __fmaf_rn(v, z, -0.166666642f);
    v = __fmaf_rn(v * z, r, r);
  }
  return quadrant & 2 ? -v : v;
}

// x Phi(x). With a = |x|: the upper tail Q(a) = e^(-a^2/2) R(1 / (1 + 0.26 a)), R fitted for 0 <= a <= 14.5 within 6e-9 of itself.
// The same fit as in the CPU kernels (src/activation.h).
DETR4J_DEVICE float gelu_f32(float x) {
  const float a = fabsf(x), t = 1.0f / __fmaf_rn(a, 0.26f, 1.0f);
  float q = 0.03392681479f;
  q = __fmaf_rn(q, t, -0.1705220491f);
  q = __fmaf_rn(q, t, 0.2909895480f);
  q = __fmaf_rn(q, t, -0.2008204013f);
  q = __fmaf_rn(q, t, 0.2001245469f);
  q = __fmaf_rn(q, t, 0.03120421804f);
  q = __fmaf_rn(q, t, 0.1094826013f);
  q = __fmaf_rn(q, t, 0.1017152518f);
  q = __fmaf_rn(q, t, 0.1039066240f);
  q = __fmaf_rn(q, t, -7.167197055e-6f);
  q *= exp_f32(a * a * -0.5f);
  return x * (x < 0.0f ? q : 1.0f - q);
}

#endif  // DETR4J_CUDA_ELEMENTARY_H
