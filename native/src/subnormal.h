/*
 * Numbers below 2^-126 in magnitude cost some processors' microcode a hundred cycles each: a model with weights of 1e-40 was seen to
 * take 5 to 14 times its time; others (Zen 5) compute with them at full speed. They are far below the rounding of any sum here,
 * so the functions of a tile count them as 0. The mode belongs to the thread, and Java computes with it: it is put back
 * before the function returns.
 */
#ifndef DETR4J_SUBNORMAL_H
#define DETR4J_SUBNORMAL_H

#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)

#include <xmmintrin.h>

/* MXCSR: results to zero (bit 15), operands as zero (bit 6). */
static inline uint64_t subnormals_to_zero(void) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040u);
  return before;
}

static inline void subnormals_as(uint64_t before) { _mm_setcsr((unsigned)before); }

#elif defined(__aarch64__)

/* FPCR: FZ (bit 24) does both. */
static inline uint64_t subnormals_to_zero(void) {
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | UINT64_C(1) << 24) : "memory");
  return before;
}

static inline void subnormals_as(uint64_t before) { __asm__ volatile("msr fpcr, %0" : : "r"(before) : "memory"); }

#else

static inline uint64_t subnormals_to_zero(void) { return 0; }
static inline void subnormals_as(uint64_t before) { (void)before; }

#endif

#endif /* DETR4J_SUBNORMAL_H */
