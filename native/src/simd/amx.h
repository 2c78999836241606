/*
 * Matrix tiles of AMX, by names that a model of them can take (amx_model.h), so that kernels on tiles run on every processor.
 *
 *   amx_configure(&shape)        gives tiles 0 to 7 their rows and bytes of a row; must come first, and clears all tiles
 *   amx_release()                must come last: until then the thread's state is larger by 8 KB for whoever saves it
 *   amx_zero(t)                  t = 0
 *   amx_load(t, p, pitch)        rows of t from p on, pitch bytes apart
 *   amx_dot_bf16(c, a, b)        c[m][n] += sum over k of a[m][2k] b[k][2n] + a[m][2k + 1] b[k][2n + 1]; sums are fp32
 *   amx_store(t, p, pitch)
 *
 * Tile numbers are constants: they are part of the instruction.
 */
#ifndef DETR4J_AMX_H
#define DETR4J_AMX_H

#include <stdint.h>

enum {
  AMX_TILES = 8,
  AMX_ROWS = 16,      /* of a tile, at most */
  AMX_ROW_BYTES = 64, /* at most */
  AMX_WORDS = 16      /* of a row: 32-bit words, two bf16 each */
};

/* What the configuration instruction reads: 64 bytes, whatever is not used is 0. */
typedef struct amx_shape {
  uint8_t palette; /* 1: eight tiles of 16 rows of 64 bytes */
  uint8_t start_row;
  uint8_t reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} amx_shape;

#if defined(DETR4J_AMX_MODEL)

#include "simd/amx_model.h"

#else

/* Not the compiler's intrinsics: those of gcc 12 do not say that they read memory, so that stores ahead of a load may come after it. */
#define amx_configure(shape) __asm__ volatile("ldtilecfg %0" : : "m"(*(shape)) : "memory")
#define amx_release() __asm__ volatile("tilerelease")
#define amx_zero(t) __asm__ volatile("tilezero %%tmm" #t : :)
#define amx_load(t, p, pitch) __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t : : "r"(p), "r"((int64_t)(pitch)) : "memory")
#define amx_dot_bf16(c, a, b) __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #c : :)
#define amx_store(t, p, pitch) __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" : : "r"(p), "r"((int64_t)(pitch)) : "memory")

#endif

#endif /* DETR4J_AMX_H */
