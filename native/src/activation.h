/* Activations on a vector; the codes are those of detr4j.h. */
#ifndef DETR4J_ACTIVATION_H
#define DETR4J_ACTIVATION_H

#include "kernel.h"

/*
 * GELU in its exact form, x Phi(x), not the tanh approximation. With a = |x| and Q(a) = erfc(a / sqrt 2) / 2 it is x Q(a) below zero
 * and x (1 - Q(a)) above. Q(a) = e^(-a^2/2) R(1 / (1 + 0.26 a)), where R is a polynomial fitted to the scaled complementary
 * error function for 0 <= a <= 14.5 (relative error below 6e-9): both tails keep their relative accuracy.
 */
V_INLINE v_f32 v_normal_share(v_f32 x) { /* Phi(x) */
  static const float r[] = {0.2001245469f,   0.03120421804f, 0.1094826013f, 0.1017152518f,
                            0.1039066240f, -7.167197055e-6f};
  const v_f32 a = v_abs(x);
  const v_f32 t = v_div(v_set1(1.0f), v_fmadd(a, v_set1(0.26f), v_set1(1.0f)));
  v_f32 q = v_set1(0.03392681479f);
  q = v_fmadd(q, t, v_set1(-0.1705220491f));
  q = v_fmadd(q, t, v_set1(0.2909895480f));
  q = v_fmadd(q, t, v_set1(-0.2008204013f));
  for (int i = 0; i < 6; i++) q = v_fmadd(q, t, v_set1(r[i]));
  q = v_mul(q, v_exp(v_mul(v_mul(a, a), v_set1(-0.5f))));
  return v_select(v_lt(x, v_zero()), q, v_sub(v_set1(1.0f), q));
}

V_INLINE v_f32 v_gelu(v_f32 x) { return v_mul(x, v_normal_share(x)); }

/* SiLU: x times the logistic function of x, as 1 / (1 + e^-x) above zero and e^x / (1 + e^x) below, so that no power overflows. */
V_INLINE v_f32 v_silu(v_f32 x) {
  const v_f32 e = v_exp(v_sub(v_zero(), v_abs(x)));
  const v_f32 one = v_set1(1.0f);
  return v_mul(x, v_div(v_select(v_lt(x, v_zero()), e, one), v_add(one, e)));
}

V_INLINE v_f32 v_activate(int32_t activation, v_f32 x) {
  switch (activation) {
    case DETR4J_ACTIVATION_RELU: return v_max(v_zero(), x); /* in this order NaN stays NaN */
    case DETR4J_ACTIVATION_GELU: return v_gelu(x);
    case DETR4J_ACTIVATION_SILU: return v_silu(x);
    default: return x;
  }
}

#endif /* DETR4J_ACTIVATION_H */
