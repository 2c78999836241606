/*
 * What every file of src/kernels/ includes first: the ABI, the vector vocabulary of the tier being compiled, and
 * KERNEL(name), the name with the tier's suffix under which a kernel is defined.
 */
#ifndef DETR4J_KERNEL_H
#define DETR4J_KERNEL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "detr4j.h"
#include "simd/simd.h"

#define DETR4J_JOIN2(a, b) a##b
#define DETR4J_JOIN(a, b) DETR4J_JOIN2(a, b)
#define KERNEL(name) DETR4J_JOIN(name, DETR4J_TIER_SUFFIX)

#define DETR4J_DECLARE(name) KERNEL(name)
#include "declare.h"

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
static inline int64_t min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max_i64(int64_t a, int64_t b) { return a > b ? a : b; }

#endif /* DETR4J_KERNEL_H */
