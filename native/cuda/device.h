// What kernels are written in: CUDA C++ under nvcc, plain C++ on the emulation of a device otherwise. Every instruction that
// C++ does not have is a function here, once as PTX and once as what PTX says that it does. tensor_cores.h has those of the
// tensor cores.
//
// Products and sums are fused where the source says __fmaf_rn and nowhere else (-fmad=false, -ffp-contract=off), functions of
// the mathematics library come from elementary.h, and sums have one order: so a kernel without tensor cores gives the same bits on
// every device and on the emulation.
#ifndef DETR4J_CUDA_DEVICE_H
#define DETR4J_CUDA_DEVICE_H

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#define DETR4J_DEVICE __device__ __forceinline__
DETR4J_DEVICE float2 load2(const float2* p) { return *p; }
DETR4J_DEVICE float4 load4(const float4* p) { return *p; }
DETR4J_DEVICE uint4 load4(const uint4* p) { return *p; }
DETR4J_DEVICE void store2(float2* p, float2 f) { *p = f; }
DETR4J_DEVICE void store4(float4* p, float4 f) { *p = f; }
DETR4J_DEVICE void store4(uint4* p, uint4 u) { *p = u; }
#else
#include "emulation/runtime.h"
#define DETR4J_DEVICE static inline __attribute__((always_inline, unused))
#endif

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP_LANES = 32;

// The block's shared memory as one struct, of whose size the launch asks for it.
template <class T>
DETR4J_DEVICE T& shared_memory() {
#if defined(__CUDACC__)
  extern __shared__ __align__(1024) unsigned char detr4j_shared[];
  return *reinterpret_cast<T*>(detr4j_shared);
#else
  return *reinterpret_cast<T*>(::emulation::shared_memory_base);
#endif
}

// ---- asynchronous copies into shared memory ----
// BYTES of them, 4 or 16, which are zeros unless present; both addresses are aligned to BYTES.
template <int BYTES>
DETR4J_DEVICE void cp_async(void* to, const void* from, bool present) {
#if defined(__CUDA_ARCH__)
  const unsigned address = (unsigned)__cvta_generic_to_shared(to);
  const int count = present ? BYTES : 0;
  if constexpr (BYTES == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(count) : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(address), "l"(from), "r"(count), "n"(BYTES) : "memory");
  }
#elif !defined(__CUDACC__)
  ::emulation::copy_async(to, from, BYTES, present ? BYTES : 0);
#endif
}

// Closes a group of this thread's copies.
DETR4J_DEVICE void cp_async_commit() {
#if defined(__CUDA_ARCH__)
  asm volatile("cp.async.commit_group;" ::: "memory");
#elif !defined(__CUDACC__)
  ::emulation::copy_async_commit();
#endif
}

// Waits until at most LEFT of this thread's newest groups are under way. Other threads see the bytes after a barrier.
template <int LEFT>
DETR4J_DEVICE void cp_async_wait() {
#if defined(__CUDA_ARCH__)
  asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
#elif !defined(__CUDACC__)
  ::emulation::copy_async_wait(LEFT);
#endif
}

// ---- a warp's sum and maximum, in every lane ----
// The same order of additions in every lane: a butterfly.
DETR4J_DEVICE float warp_sum(float v) {
#pragma unroll
  for (int distance = 16; distance > 0; distance >>= 1) v += __shfl_xor_sync(ALL_LANES, v, distance);
  return v;
}
DETR4J_DEVICE double warp_sum(double v) {
#pragma unroll
  for (int distance = 16; distance > 0; distance >>= 1) v += __shfl_xor_sync(ALL_LANES, v, distance);
  return v;
}

// The larger one; NaN where one of them is.
DETR4J_DEVICE float larger(float a, float b) { return a > b || a != a ? a : b; }
DETR4J_DEVICE float warp_largest(float v) {
#pragma unroll
  for (int distance = 16; distance > 0; distance >>= 1) v = larger(v, __shfl_xor_sync(ALL_LANES, v, distance));
  return v;
}

#endif  // DETR4J_CUDA_DEVICE_H
