// The sine code of one coordinate: feature i is the sine (even i) or cosine (odd i) of c / divisors[i].
//
// The quotient is rounded to fp32, as the projects do; sine and cosine of it are exact to fp32 rounding. It is reduced in
// double: r = x - n pi/2, with n pi/2 in two parts of which the first has 33 bits, so that n times it is exact up to 2^20. One
// loop computes both series and picks by the quarter turn, cosine being one quarter further; a compiler makes vectors of it.
// Beyond LARGE, and for NaN and infinity, libm answers.
#ifndef DETR4J_SINE_CODE_H
#define DETR4J_SINE_CODE_H

#include <math.h>
#include <stdint.h>

#define SINE_CODE_BLOCK 16
#define SINE_CODE_LARGE 1.0e6f

// Sines and cosines in turn of SINE_CODE_BLOCK numbers below LARGE.
static inline void sine_code_block(const float *x, float *out) {
  for (int i = 0; i < SINE_CODE_BLOCK; i++) {
    const double v = (double)x[i];
    const double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer
    const double n = v * 0.63661977236758134308 + magic - magic;
    const double r = (v - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;
    const double s = r * r;
    const double sine =
        r + r * s * (-1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s * (1.0 / 362880 + s * (-1.0 / 39916800)))));
    const double cosine =
        1 + s * (-1.0 / 2 + s * (1.0 / 24 + s * (-1.0 / 720 + s * (1.0 / 40320 + s * (-1.0 / 3628800 + s * (1.0 / 479001600))))));
    const int32_t quarter = (int32_t)n + (i & 1);
    const double value = (quarter & 1) != 0 ? cosine : sine;
    out[i] = (float)((quarter & 2) != 0 ? -value : value);
  }
}

static inline void sine_code(float c, const float *divisors, int64_t features, float *out) {
  for (int64_t begin = 0; begin < features; begin += SINE_CODE_BLOCK) {
    const int64_t n = features - begin < SINE_CODE_BLOCK ? features - begin : SINE_CODE_BLOCK;
    float x[SINE_CODE_BLOCK] = {0}, code[SINE_CODE_BLOCK];
    int small = 1;
    for (int64_t i = 0; i < n; i++) {
      x[i] = c / divisors[begin + i];
      small &= fabsf(x[i]) < SINE_CODE_LARGE;
    }
    if (small) {
      sine_code_block(x, code);
      for (int64_t i = 0; i < n; i++) {
        out[begin + i] = code[i];
      }
    } else {
      for (int64_t i = 0; i < n; i++) {
        out[begin + i] = (i & 1) == 0 ? sinf(x[i]) : cosf(x[i]);
      }
    }
  }
}

#endif // DETR4J_SINE_CODE_H
