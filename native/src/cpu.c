// Detection of CPU tiers. CPUID says what the processor has, XGETBV what the operating system saves on a context switch:
// without the second, a kernel compiled for AVX-512 dies in a virtual machine or under a system that left the state off. AMX
// tiles need the permission of the Linux kernel as well, which a process asks for once.

#if defined(__linux__)
#define _GNU_SOURCE // syscall
#endif

#include "cpu.h"

#include <stdatomic.h>
#include <stddef.h>

#include "detr4j.h"

enum { TIERS = DETR4J_TIER_AVX512_AMX + 1 };

// The answer for each tier: NULL where it can run.
typedef struct refusals {
  const char *of[TIERS];
} refusals;

#if defined(__x86_64__) || defined(_M_X64)

#include <cpuid.h>

#if defined(__linux__)
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
  XCR0_YMM = 0x06,      // XMM and YMM state
  XCR0_ZMM = 0xe6,      // the same with opmask, upper ZMM halves and ZMM16..31
  XCR0_TILES = 0x60000, // the configuration of tiles and their contents
  LEAF1_ECX = 1 << 12 | 1 << 27 | 1 << 28 | 1 << 29,        // FMA, OSXSAVE, AVX, F16C
  LEAF7_EBX_V3 = 1 << 3 | 1 << 5 | 1 << 8,                  // BMI1, AVX2, BMI2
  LEAF7_EBX_AVX512 = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30, // F, DQ, CD, BW; VL is bit 31, apart because of its sign
  LEAF7_EDX_AMX = 1 << 22 | 1 << 24                         // AMX-BF16, AMX-TILE
};

static int has(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

static uint64_t extended_control_register_0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static const char *refusal_of_v3(uint64_t *state) {
  static const char lacking[] = "the processor lacks AVX2, FMA or what came with them";
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, LEAF1_ECX)) return lacking;
  *state = extended_control_register_0();
  if ((*state & XCR0_YMM) != XCR0_YMM) return "the operating system does not save AVX registers (XCR0)";
  if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || !has(c, 1u << 5)) return lacking; // LZCNT
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, LEAF7_EBX_V3)) return lacking;
  return NULL;
}

static const char *refusal_of_avx512(uint64_t state) {
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, LEAF7_EBX_AVX512) || !has(b, 1u << 31)) {
    return "the processor lacks AVX-512 (F, BW, DQ, VL, CD)";
  }
  return (state & XCR0_ZMM) == XCR0_ZMM ? NULL : "the operating system does not save AVX-512 registers (XCR0)";
}

static const char *refusal_of_avx512_bf16(void) {
  uint32_t a, b, c, d;
  static const char lacking[] = "the processor lacks AVX512_BF16 or AVX512_VNNI";
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(c, 1u << 11) || a < 1) return lacking;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && has(a, 1u << 5) ? NULL : lacking;
}

#if defined(DETR4J_AMX_MODEL)

static const char *refusal_of_amx(uint64_t state) { // simd/amx_model.c runs on every processor
  (void)state;
  return NULL;
}

#elif defined(__linux__)

static const char *refusal_of_amx(uint64_t state) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; // of arch_prctl: ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  uint32_t a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(d, LEAF7_EDX_AMX)) return "the processor has no AMX tiles with bf16 products";
  if ((state & XCR0_TILES) != XCR0_TILES) return "the operating system does not save AMX tiles (XCR0)";
  if (syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0) return NULL;
  switch (errno) {
  case EINVAL: return "this Linux kernel cannot permit AMX tiles: arch_prctl has been able to since Linux 5.16";
  case ENOSPC: return "Linux does not permit AMX tiles: a signal stack of this process is too small for them (arch_prctl)";
  default: return "Linux does not permit AMX tiles to this process (arch_prctl)";
  }
}

#else

static const char *refusal_of_amx(uint64_t state) {
  (void)state;
  return "AMX tiles are used under Linux only";
}

#endif

// A tier needs all that the one before it needs.
static void detect(refusals *r) {
  uint64_t state = 0;
  const char **of = r->of;
  of[DETR4J_TIER_BASELINE] = NULL;
  of[DETR4J_TIER_NEON] = "this is an x86-64 processor";
  of[DETR4J_TIER_X86_64_V3] = refusal_of_v3(&state);
  of[DETR4J_TIER_AVX512] = of[DETR4J_TIER_X86_64_V3] != NULL ? of[DETR4J_TIER_X86_64_V3] : refusal_of_avx512(state);
  of[DETR4J_TIER_AVX512_BF16] = of[DETR4J_TIER_AVX512] != NULL ? of[DETR4J_TIER_AVX512] : refusal_of_avx512_bf16();
  of[DETR4J_TIER_AVX512_AMX] = of[DETR4J_TIER_AVX512_BF16] != NULL ? of[DETR4J_TIER_AVX512_BF16] : refusal_of_amx(state);
#if defined(DETR4J_AMX_MODEL_SCALAR)
  of[DETR4J_TIER_AVX512_AMX] = NULL; // the model with everything else in plain C, too
#endif
}

#else

#if defined(__aarch64__) || defined(_M_ARM64)
#define OTHER "this is an AArch64 processor"
#define NEON NULL // Advanced SIMD with fp32 FMA is part of the AArch64 base architecture
#else
#define OTHER "this is another kind of processor"
#define NEON OTHER
#endif

#if defined(DETR4J_AMX_MODEL_SCALAR)
#define AMX NULL
#else
#define AMX OTHER
#endif

static void detect(refusals *r) {
  *r = (refusals){{[DETR4J_TIER_X86_64_V3] = OTHER, [DETR4J_TIER_AVX512] = OTHER, [DETR4J_TIER_AVX512_BF16] = OTHER,
                   [DETR4J_TIER_NEON] = NEON, [DETR4J_TIER_AVX512_AMX] = AMX}};
}

#endif

uint32_t detr4j_cpu_tiers(void) {
  // Detected on first use instead of in a constructor; two threads that race here store the same value. 0 = not yet known.
  static _Atomic uint32_t known;
  uint32_t tiers = atomic_load_explicit(&known, memory_order_relaxed);
  if (tiers == 0) {
    refusals r;
    detect(&r);
    for (int32_t tier = 0; tier < TIERS; tier++) {
      if (r.of[tier] == NULL) tiers |= 1u << tier;
    }
    atomic_store_explicit(&known, tiers, memory_order_relaxed);
  }
  return tiers;
}

const char *detr4j_cpu_refusal(int32_t tier) {
  if (tier < 0 || tier >= TIERS) return "there is no such tier";
  refusals r;
  detect(&r);
  return r.of[tier];
}
