// What the kernel tests share: random numbers from a printed seed, tensors between guard pages, comparisons that say where.
//
// A test of a kernel is a function test_<kernel>(tier) that calls run_cases; main.c lists them from kernels.def, so a kernel
// without a test does not link. Each case runs twice with the same numbers: once with every tensor ending at an unreadable
// page, once with every tensor beginning after one.
#ifndef DETR4J_TEST_HARNESS_H
#define DETR4J_TEST_HARNESS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "detr4j.h"

// ---- cases ----

typedef void (*case_body)(int32_t tier, int index);

// Runs body for index 0 .. cases - 1 with random numbers that depend on seed, op and index only.
void run_cases(const char *op, int32_t tier, int cases, case_body body);

// Says what the case is made of; printed when it fails or faults.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void describe(const char *format, ...);

#if defined(__GNUC__)
__attribute__((noreturn, format(printf, 1, 2)))
#endif
void fail(const char *format, ...);

void set_seed(uint64_t seed);

// ---- random numbers ----

int64_t between(int64_t least, int64_t most); // inclusive
float uniform(float least, float most);
int chance(int one_in);
// An extent that covers tails 1..40 with the first forty cases and then primes, multiples of vectors and their neighbours.
int64_t extent(int index);

// ---- memory ----

// Bytes between guard pages, filled with FILL; freed at the end of the case, when the slack of its pages is checked too.
void *guarded(size_t bytes);
// The same, 64-byte aligned at the cost of a few readable bytes: for scratch, whose alignment the ABI promises.
void *guarded_scratch(int64_t bytes);

// [batch][rows][columns] with random strides. Gaps hold a NaN that no computation makes.
typedef struct tensor {
  float *data;
  int64_t batch, rows, columns, row_stride, batch_stride;
} tensor;

tensor new_tensor(int64_t batch, int64_t rows, int64_t columns);   // elements hold the marker too: for outputs
tensor new_random(int64_t batch, int64_t rows, int64_t columns);   // elements in -1 .. 1
float *row_of(const tensor *t, int64_t batch, int64_t row);
float *new_floats(int64_t count); // contiguous, uniform in -1 .. 1
int32_t *new_ints(int64_t count); // contiguous, zero
// Fails when a gap was written or an element was not.
void check_written(const char *name, const tensor *t);
// Puts NaN, infinities, zeros and huge numbers at a few random places.
void sprinkle(tensor *t, int places);
// The same with NaN and infinities only, where a huge number would need a tolerance of its own.
void sprinkle_not_finite(tensor *t, int places);

// ---- bf16 ----

// products is DETR4J_TYPE_F32 or DETR4J_TYPE_BF16: which kernels a test is about.
float rounded_to(int32_t products, float x);             // the value that is multiplied
int64_t words_of(int32_t products, int64_t values);      // 32-bit words of so many weights of one output channel
void put_weight(int32_t products, float *words, int64_t width, int64_t column, int64_t k, float x); // value k of a panel's column

// The tensor as bf16 between guard pages, with the same strides; its own elements are rounded too. For an output: nothing but marks.
void *narrow(tensor *t);
// Back again, so that check_written can be asked; fails when a gap was written.
void widen(const void *narrow, tensor *t);

// ---- comparison ----

// Both NaN, the same infinity, or apart by at most tolerance.
void expect_close(const char *name, int64_t batch, int64_t row, int64_t column, double expected, float actual, double tolerance);
void expect_int(const char *name, int64_t index, int64_t expected, int64_t actual);

// Runs every tile of a phase, in rising or falling order by chance. call is an expression of `tile`.
#define RUN_TILES(tiles, call)                                                        \
  do {                                                                                \
    const int64_t tiles_ = (tiles);                                                   \
    const int falling_ = chance(2);                                                   \
    for (int64_t i_ = 0; i_ < tiles_; i_++) {                                         \
      const int64_t tile = falling_ ? tiles_ - 1 - i_ : i_;                           \
      expect_int("status of " #call, tile, DETR4J_OK, (call));                        \
    }                                                                                 \
    {                                                                                 \
      const int64_t tile = tiles_;                                                    \
      expect_int("status past the last tile", tile, DETR4J_ERROR_ARGUMENT, (call));   \
    }                                                                                 \
  } while (0)

#endif // DETR4J_TEST_HARNESS_H
