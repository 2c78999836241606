// Detection of CPU tiers. CPUID says what the processor has, XGETBV what the operating system saves on a context switch:
// without the second, a kernel compiled for AVX-512 dies in a virtual machine or under a system that left the state off.

#include "cpu.h"

#include <stdatomic.h>

#include "detr4j.h"

#if defined(__x86_64__) || defined(_M_X64)

#include <cpuid.h>

enum {
  XCR0_YMM = 0x06,    // XMM and YMM state
  XCR0_ZMM = 0xe6,    // the same with opmask, upper ZMM halves and ZMM16..31
  LEAF1_ECX = 1 << 12 | 1 << 27 | 1 << 28 | 1 << 29,       // FMA, OSXSAVE, AVX, F16C
  LEAF7_EBX_V3 = 1 << 3 | 1 << 5 | 1 << 8,                 // BMI1, AVX2, BMI2
  LEAF7_EBX_AVX512 = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 // F, DQ, CD, BW; VL is bit 31, apart because of its sign
};

static int has(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

static uint64_t extended_control_register_0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static uint32_t detect(void) {
  uint32_t tiers = 1u << DETR4J_TIER_BASELINE;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, LEAF1_ECX)) return tiers;
  uint64_t state = extended_control_register_0();
  if ((state & XCR0_YMM) != XCR0_YMM) return tiers;
  if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || !has(c, 1u << 5)) return tiers; // LZCNT
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, LEAF7_EBX_V3)) return tiers;
  tiers |= 1u << DETR4J_TIER_X86_64_V3;
  if ((state & XCR0_ZMM) != XCR0_ZMM || !has(b, LEAF7_EBX_AVX512) || !has(b, 1u << 31)) return tiers;
  tiers |= 1u << DETR4J_TIER_AVX512;
  int vnni = has(c, 1u << 11);
  if (vnni && a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && has(a, 1u << 5)) {
    tiers |= 1u << DETR4J_TIER_AVX512_BF16;
  }
  return tiers;
}

#elif defined(__aarch64__) || defined(_M_ARM64)

// Advanced SIMD with fp32 FMA is part of the AArch64 base architecture.
static uint32_t detect(void) { return 1u << DETR4J_TIER_BASELINE | 1u << DETR4J_TIER_NEON; }

#else

static uint32_t detect(void) { return 1u << DETR4J_TIER_BASELINE; }

#endif

uint32_t detr4j_cpu_tiers(void) {
  // Detected on first use instead of in a constructor; two threads that race here store the same value. 0 = not yet known.
  static _Atomic uint32_t known;
  uint32_t tiers = atomic_load_explicit(&known, memory_order_relaxed);
  if (tiers == 0) {
    tiers = detect();
    atomic_store_explicit(&known, tiers, memory_order_relaxed);
  }
  return tiers;
}
