// The words of CUDA C++ that kernels use, in plain C++. What is not here is not in the vocabulary; add it here and, where
// PTX is needed, to device.h.
#ifndef DETR4J_EMULATION_LANGUAGE_H
#define DETR4J_EMULATION_LANGUAGE_H

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "copies.h"
#include "report.h"
#include "scheduler.h"

#define __global__ static
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

#define threadIdx (::emulation::current->index)
#define blockIdx (::emulation::current->block)
#define blockDim (::emulation::block_extent)
#define gridDim (::emulation::grid_extent)

#define EMULATION_TEXT_OF(x) #x
#define EMULATION_TEXT(x) EMULATION_TEXT_OF(x)
#define EMULATION_SITE (__FILE__ ":" EMULATION_TEXT(__LINE__))

#define __syncthreads() ::emulation::block_barrier(EMULATION_SITE)
#define __syncwarp() ::emulation::warp_barrier(0xffffffffu, EMULATION_SITE)

// ---- vectors: one access of their whole size, also to the instrumentation ----

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct uchar3 {
  unsigned char x, y, z;
};
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

namespace emulation {

typedef float Float4 __attribute__((vector_size(16), may_alias));
typedef unsigned Uint4 __attribute__((vector_size(16), may_alias));

typedef float Float2 __attribute__((vector_size(8), may_alias));

static inline void require_aligned(const void* p, unsigned bytes, const char* what) {
  if ((uintptr_t)p % bytes != 0) stop("%s of %u bytes that is not aligned", what, bytes);
}

// ---- warp collectives ----

// Each lane gets what lane `from` brought; its own where from is outside the warp.
template <class T>
static inline T shuffle(unsigned mask, T value, int from, const char* site) {
  struct Brought {
    T value;
    int from;
    T result;
  } mine{value, from, value};
  collective(
      mask, &mine,
      [](void* const all[WARP], unsigned present) {
        for (unsigned lane = 0; lane < WARP; lane++) {
          if (!(present >> lane & 1)) continue;
          Brought& b = *static_cast<Brought*>(all[lane]);
          if (b.from < 0 || b.from >= (int)WARP) continue;
          if (!(present >> b.from & 1)) stop("lane %u reads lane %d, which is not in the mask %#x", lane, b.from, present);
          b.result = static_cast<Brought*>(all[b.from])->value;
        }
      },
      site);
  return mine.result;
}

static inline unsigned ballot(unsigned mask, bool yes, const char* site) {
  struct Brought {
    bool yes;
    unsigned result;
  } mine{yes, 0};
  collective(
      mask, &mine,
      [](void* const all[WARP], unsigned present) {
        unsigned bits = 0;
        for (unsigned lane = 0; lane < WARP; lane++) {
          if (present >> lane & 1) bits |= (unsigned)static_cast<Brought*>(all[lane])->yes << lane;
        }
        for (unsigned lane = 0; lane < WARP; lane++) {
          if (present >> lane & 1) static_cast<Brought*>(all[lane])->result = bits;
        }
      },
      site);
  return mine.result;
}

static inline int lane() { return (int)current->lane; }

}  // namespace emulation

static __forceinline__ float2 load2(const float2* p) {
  emulation::require_aligned(p, 8, "a read");
  const emulation::Float2 v = *reinterpret_cast<const emulation::Float2*>(p);
  return {v[0], v[1]};
}
static __forceinline__ float4 load4(const float4* p) {
  emulation::require_aligned(p, 16, "a read");
  const emulation::Float4 v = *reinterpret_cast<const emulation::Float4*>(p);
  return {v[0], v[1], v[2], v[3]};
}
static __forceinline__ uint4 load4(const uint4* p) {
  emulation::require_aligned(p, 16, "a read");
  const emulation::Uint4 v = *reinterpret_cast<const emulation::Uint4*>(p);
  return {v[0], v[1], v[2], v[3]};
}
static __forceinline__ void store2(float2* p, float2 f) {
  emulation::require_aligned(p, 8, "a write");
  *reinterpret_cast<emulation::Float2*>(p) = emulation::Float2{f.x, f.y};
}
static __forceinline__ void store4(float4* p, float4 f) {
  emulation::require_aligned(p, 16, "a write");
  *reinterpret_cast<emulation::Float4*>(p) = emulation::Float4{f.x, f.y, f.z, f.w};
}
static __forceinline__ void store4(uint4* p, uint4 u) {
  emulation::require_aligned(p, 16, "a write");
  *reinterpret_cast<emulation::Uint4*>(p) = emulation::Uint4{u.x, u.y, u.z, u.w};
}

#define __shfl_sync(mask, v, from) ::emulation::shuffle(mask, v, (from) & 31, EMULATION_SITE)
#define __shfl_xor_sync(mask, v, bits) ::emulation::shuffle(mask, v, ::emulation::lane() ^ (bits), EMULATION_SITE)
#define __shfl_up_sync(mask, v, by) ::emulation::shuffle(mask, v, ::emulation::lane() - (int)(by), EMULATION_SITE)
#define __shfl_down_sync(mask, v, by) ::emulation::shuffle(mask, v, ::emulation::lane() + (int)(by), EMULATION_SITE)
#define __ballot_sync(mask, yes) ::emulation::ballot(mask, (yes) != 0, EMULATION_SITE)

// ---- arithmetic ----

static inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
static inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
static inline float __uint_as_float(unsigned u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline unsigned __float_as_uint(float f) {
  unsigned u;
  memcpy(&u, &f, 4);
  return u;
}
static inline int __popc(unsigned u) { return __builtin_popcount(u); }
static inline int __ffs(unsigned u) { return __builtin_ffs((int)u); }

// Whole numbers only: the order of a sum of floats would change its bits.
static inline unsigned atomicAdd(unsigned* p, unsigned v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }

#endif  // DETR4J_EMULATION_LANGUAGE_H
