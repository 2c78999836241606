// The twins of ldmatrix and mma: the lanes of a warp meet once for all MT x NT products of a call.
//
// Tensor cores add the products of one instruction and the sum so far without rounding in between, and cut the result off
// instead of rounding it (Fasi, Higham, Mikaitis and Pranesh 2021). So does this: sums in double, cut to fp32 towards zero.
// Devices differ in how many low bits they drop before; errors here are of the right size, not the same bits.
#ifndef DETR4J_EMULATION_WARP_TILE_H
#define DETR4J_EMULATION_WARP_TILE_H

#include "language.h"

namespace emulation {

template <int N>
static inline void ldmatrix(unsigned (&d)[N][4], const void* const (&row)[N]) {
  struct Brought {
    const void* const* row;
    unsigned (*d)[4];
  } mine{row, d};
  collective(
      ALL_OF_WARP, &mine,
      [](void* const all[WARP], unsigned) {
        for (int n = 0; n < N; n++) {
          for (int matrix = 0; matrix < 4; matrix++) {
            for (int r = 0; r < 8; r++) {
              const void* from = static_cast<const Brought*>(all[8 * matrix + r])->row[n];
              if ((uintptr_t)from % 16 != 0) stop("a row of ldmatrix is not on 16 bytes");
              const unsigned* words = static_cast<const unsigned*>(from);
              for (int c = 0; c < 4; c++) static_cast<const Brought*>(all[4 * r + c])->d[n][matrix] = words[c];
            }
          }
        }
      },
      "ldmatrix");
}

// ---- what a fragment's register holds: element e of register q of lane (g, t) ----

struct Bf16 {
  static constexpr int K = 16, PER_REGISTER = 2;
  static float value(unsigned u, int e) { return __uint_as_float(e == 0 ? u << 16 : u & 0xffff0000u); }
  static int depth(int t, int upper, int e) { return 2 * t + 8 * upper + e; }
};

struct Tf32 {
  static constexpr int K = 8, PER_REGISTER = 1;
  static float value(unsigned u, int) { return __uint_as_float(u & 0xffffe000u); }  // nobody looks at the lower bits
  static int depth(int t, int upper, int) { return t + 4 * upper; }
};

// Of a finite sum the fp32 number next to it on the side of zero.
static inline float cut_off(double sum) {
  const float f = (float)sum;
  if (!(std::fabs((double)f) > std::fabs(sum))) return f;
  return __uint_as_float(__float_as_uint(f) - 1);
}

template <class Type, int MT, int NT>
static inline void warp_tile(float (&c)[MT][NT][4], const unsigned (&a)[MT][4], const unsigned (&b)[NT][2]) {
  struct Brought {
    float (*c)[NT][4];
    const unsigned (*a)[4];
    const unsigned (*b)[2];
  } mine{c, a, b};
  collective(
      ALL_OF_WARP, &mine,
      [](void* const all[WARP], unsigned) {
        constexpr int K = Type::K;
        double rows[MT][16][K];
        alignas(64) double columns[NT][K][8];
        for (int lane = 0; lane < (int)WARP; lane++) {
          const Brought& from = *static_cast<const Brought*>(all[lane]);
          const int g = lane / 4, t = lane % 4;
          for (int e = 0; e < Type::PER_REGISTER; e++) {
            for (int q = 0; q < 4; q++) {
              for (int i = 0; i < MT; i++) rows[i][g + 8 * (q % 2)][Type::depth(t, q / 2, e)] = Type::value(from.a[i][q], e);
            }
            for (int q = 0; q < 2; q++) {
              for (int j = 0; j < NT; j++) columns[j][Type::depth(t, q, e)][g] = Type::value(from.b[j][q], e);
            }
          }
        }
        typedef double Double8 __attribute__((vector_size(64), may_alias));
        for (int i = 0; i < MT; i++) {
          for (int j = 0; j < NT; j++) {
            for (int r = 0; r < 16; r++) {
              // C[r][0..7] are two registers of each of four lanes.
              float* place[8];
              Double8 sum;
              for (int n = 0; n < 8; n++) {
                place[n] = &static_cast<const Brought*>(all[r % 8 * 4 + n / 2])->c[i][j][r / 8 * 2 + n % 2];
                sum[n] = *place[n];
              }
              // A product of these types is exact in double, so fusing it with the sum changes no bit and takes half the time.
              for (int k = 0; k < K; k++) {
                for (int n = 0; n < 8; n++) sum[n] = __builtin_fma(rows[i][r][k], columns[j][k][n], sum[n]);
              }
              for (int n = 0; n < 8; n++) *place[n] = cut_off(sum[n]);
            }
          }
        }
      },
      "mma");
}

}  // namespace emulation

#endif  // DETR4J_EMULATION_WARP_TILE_H
