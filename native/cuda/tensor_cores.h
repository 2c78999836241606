// The vocabulary's part for tensor cores: fragments by ldmatrix, and a warp's tile of products in bf16 or tf32 with fp32 sums.
//
// Where lane l keeps what (PTX ISA, "Matrix fragments for mma"), with g = l / 4 and t = l % 4:
//
//   bf16, m16n8k16   a[0] A[g][2t..2t+1]     a[1] A[g+8][2t..]   a[2] A[g][2t+8..]   a[3] A[g+8][2t+8..]
//                    b[0] B[2t..2t+1][g]     b[1] B[2t+8..][g]
//   tf32, m16n8k8    a[0] A[g][t]            a[1] A[g+8][t]      a[2] A[g][t+4]      a[3] A[g+8][t+4]
//                    b[0] B[t][g]            b[1] B[t+4][g]
//   both             c[0], c[1] C[g][2t..2t+1]                   c[2], c[3] C[g+8][2t..2t+1]
//
// Functions take a warp's whole MT x NT tiles, because the lanes of the emulation meet once a call.
#ifndef DETR4J_CUDA_TENSOR_CORES_H
#define DETR4J_CUDA_TENSOR_CORES_H

#include "device.h"
#if !defined(__CUDACC__)
#include "emulation/warp_tile.h"
#endif

// ---- element types ----

typedef uint16_t bf16_t;

DETR4J_DEVICE float bf16_to_float(bf16_t v) { return __uint_as_float((unsigned)v << 16); }

// To nearest even; every NaN becomes the same one.
DETR4J_DEVICE bf16_t float_to_bf16(float f) {
#if defined(__CUDA_ARCH__)
  unsigned short r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(f));
  return r;
#else
  const unsigned u = __float_as_uint(f);
  return f != f ? (bf16_t)0x7fff : (bf16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
#endif
}

DETR4J_DEVICE unsigned pack_bf16(float low, float high) {
  return (unsigned)float_to_bf16(low) | (unsigned)float_to_bf16(high) << 16;
}

// 10 bits behind the point, to nearest, ties away from zero; the bits below are zeros.
DETR4J_DEVICE unsigned float_to_tf32(float f) {
#if defined(__CUDA_ARCH__)
  unsigned r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(f));
  return r;
#else
  const unsigned u = __float_as_uint(f);
  return f - f == 0.0f ? (u + 0x1000u) & 0xffffe000u : u;
#endif
}

// ---- ldmatrix ----
// N times four 8x8 matrices of 16-bit elements: lane 8 i + r names row r of matrix i, and lane 4 r + c gets elements 2 c and
// 2 c + 1 of row r of each. Rows are on 16 bytes.
template <int N>
DETR4J_DEVICE void ldmatrix_x4(unsigned (&d)[N][4], const void* const (&row)[N]) {
#if defined(__CUDACC__)
#pragma unroll
  for (int n = 0; n < N; n++) {
#if defined(__CUDA_ARCH__)
    const unsigned address = (unsigned)__cvta_generic_to_shared(row[n]);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(d[n][0]), "=r"(d[n][1]), "=r"(d[n][2]), "=r"(d[n][3])
                 : "r"(address)
                 : "memory");
#endif
  }
#else
  ::emulation::ldmatrix<N>(d, row);
#endif
}

// ---- c += a b ----
template <int MT, int NT>
DETR4J_DEVICE void mma_bf16(float (&c)[MT][NT][4], const unsigned (&a)[MT][4], const unsigned (&b)[NT][2]) {
#if defined(__CUDACC__)
#pragma unroll
  for (int i = 0; i < MT; i++) {
#pragma unroll
    for (int j = 0; j < NT; j++) {
#if defined(__CUDA_ARCH__)
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                   : "+f"(c[i][j][0]), "+f"(c[i][j][1]), "+f"(c[i][j][2]), "+f"(c[i][j][3])
                   : "r"(a[i][0]), "r"(a[i][1]), "r"(a[i][2]), "r"(a[i][3]), "r"(b[j][0]), "r"(b[j][1]));
#endif
    }
  }
#else
  ::emulation::warp_tile<::emulation::Bf16, MT, NT>(c, a, b);
#endif
}

template <int MT, int NT>
DETR4J_DEVICE void mma_tf32(float (&c)[MT][NT][4], const unsigned (&a)[MT][4], const unsigned (&b)[NT][2]) {
#if defined(__CUDACC__)
#pragma unroll
  for (int i = 0; i < MT; i++) {
#pragma unroll
    for (int j = 0; j < NT; j++) {
#if defined(__CUDA_ARCH__)
      asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                   : "+f"(c[i][j][0]), "+f"(c[i][j][1]), "+f"(c[i][j][2]), "+f"(c[i][j][3])
                   : "r"(a[i][0]), "r"(a[i][1]), "r"(a[i][2]), "r"(a[i][3]), "r"(b[j][0]), "r"(b[j][1]));
#endif
    }
  }
#else
  ::emulation::warp_tile<::emulation::Tf32, MT, NT>(c, a, b);
#endif
}

#endif  // DETR4J_CUDA_TENSOR_CORES_H
