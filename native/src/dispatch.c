// The public functions: each looks at p->tier and calls that tier's kernel. Compiled for the baseline, so that nothing in
// here can use an instruction the processor lacks. The tables are constants; there is no state but cpu.c's cached answer.

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "detr4j.h"
#include "subnormal.h"

#define DETR4J_DECLARE(name) name##__baseline
#include "declare.h"
#if defined(DETR4J_BUILT_AVX2)
#define DETR4J_DECLARE(name) name##__avx2
#include "declare.h"
#endif
#if defined(DETR4J_BUILT_AVX512)
#define DETR4J_DECLARE(name) name##__avx512
#include "declare.h"
#endif
#if defined(DETR4J_BUILT_AVX512_BF16)
#define DETR4J_DECLARE(name) name##__avx512_bf16
#include "declare.h"
#endif
#if defined(DETR4J_BUILT_AVX512_AMX)
#define DETR4J_DECLARE(name) name##__avx512_amx
#include "declare.h"
#endif
#if defined(DETR4J_BUILT_NEON)
#define DETR4J_DECLARE(name) name##__neon
#include "declare.h"
#endif

typedef struct kernel_table {
  int32_t (*panel_columns)(void);
#define DETR4J_COUNT(name, params) int64_t (*name)(const params *);
#define DETR4J_CALL(name, params) int32_t (*name)(const params *);
#define DETR4J_CALL_SCRATCH(name, params) int32_t (*name)(const params *, void *);
#define DETR4J_TILE(name, params) int32_t (*name)(const params *, int64_t);
#define DETR4J_TILE_SCRATCH(name, params) int32_t (*name)(const params *, int64_t, void *);
#include "kernels.def"
#define DETR4J_COUNT(name, params) int64_t (*name)(const params *);
#define DETR4J_TILE(name, params) int32_t (*name)(const params *, int64_t);
#define DETR4J_TILE_SCRATCH(name, params) int32_t (*name)(const params *, int64_t, void *);
#include "kernels_bf16.def" // NULL in tiers without
} kernel_table;

// One constant table for each tier that was built; ENTRY(name) is the tier's function.
#define DETR4J_COUNT(name, params) .name = name##__baseline,
#define DETR4J_CALL DETR4J_COUNT
#define DETR4J_CALL_SCRATCH DETR4J_COUNT
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
static const kernel_table baseline = {
    .panel_columns = detr4j_panel_columns__baseline,
#include "kernels.def"
};

#if defined(DETR4J_BUILT_AVX2)
#define DETR4J_COUNT(name, params) .name = name##__avx2,
#define DETR4J_CALL DETR4J_COUNT
#define DETR4J_CALL_SCRATCH DETR4J_COUNT
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
static const kernel_table avx2 = {
    .panel_columns = detr4j_panel_columns__avx2,
#include "kernels.def"
};
#endif

#if defined(DETR4J_BUILT_AVX512)
#define DETR4J_COUNT(name, params) .name = name##__avx512,
#define DETR4J_CALL DETR4J_COUNT
#define DETR4J_CALL_SCRATCH DETR4J_COUNT
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
static const kernel_table avx512 = {
    .panel_columns = detr4j_panel_columns__avx512,
#include "kernels.def"
};
#endif

// The fp32 kernels of avx512 once more, not a second copy of their code, and kernels with bf16 products.
#if defined(DETR4J_BUILT_AVX512_BF16)
#define DETR4J_COUNT(name, params) .name = name##__avx512,
#define DETR4J_CALL DETR4J_COUNT
#define DETR4J_CALL_SCRATCH DETR4J_COUNT
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
static const kernel_table avx512_bf16 = {
    .panel_columns = detr4j_panel_columns__avx512,
#include "kernels.def"
#define DETR4J_COUNT(name, params) .name = name##__avx512_bf16,
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
#include "kernels_bf16.def"
};
#endif

// The fp32 kernels of avx512 once more, and products in tiles. What models the tiles in plain C for any processor has the latter only.
#if defined(DETR4J_BUILT_AVX512_AMX)
#define DETR4J_COUNT(name, params) .name = name##__avx512,
#define DETR4J_CALL DETR4J_COUNT
#define DETR4J_CALL_SCRATCH DETR4J_COUNT
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
static const kernel_table avx512_amx = {
    .panel_columns = detr4j_panel_columns__avx512_amx,
#if !defined(DETR4J_AMX_MODEL_SCALAR)
#include "kernels.def"
#else
#undef DETR4J_COUNT
#undef DETR4J_CALL
#undef DETR4J_CALL_SCRATCH
#undef DETR4J_TILE
#undef DETR4J_TILE_SCRATCH
#endif
#define DETR4J_COUNT(name, params) .name = name##__avx512_amx,
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
#include "kernels_bf16.def"
};
#endif

#if defined(DETR4J_BUILT_NEON)
#define DETR4J_COUNT(name, params) .name = name##__neon,
#define DETR4J_CALL DETR4J_COUNT
#define DETR4J_CALL_SCRATCH DETR4J_COUNT
#define DETR4J_TILE DETR4J_COUNT
#define DETR4J_TILE_SCRATCH DETR4J_COUNT
static const kernel_table neon = {
    .panel_columns = detr4j_panel_columns__neon,
#include "kernels.def"
};
#endif

// NULL: not in this build.
static const struct {
  const char *name;
  const kernel_table *table;
} tiers[] = {
    [DETR4J_TIER_BASELINE] = {"baseline", &baseline},
#if defined(DETR4J_BUILT_AVX2)
    [DETR4J_TIER_X86_64_V3] = {"x86-64-v3", &avx2},
#else
    [DETR4J_TIER_X86_64_V3] = {"x86-64-v3", NULL},
#endif
#if defined(DETR4J_BUILT_AVX512)
    [DETR4J_TIER_AVX512] = {"avx512", &avx512},
#else
    [DETR4J_TIER_AVX512] = {"avx512", NULL},
#endif
#if defined(DETR4J_BUILT_AVX512_BF16)
    [DETR4J_TIER_AVX512_BF16] = {"avx512-bf16", &avx512_bf16},
#else
    [DETR4J_TIER_AVX512_BF16] = {"avx512-bf16", NULL},
#endif
#if defined(DETR4J_BUILT_NEON)
    [DETR4J_TIER_NEON] = {"neon", &neon},
#else
    [DETR4J_TIER_NEON] = {"neon", NULL},
#endif
#if defined(DETR4J_BUILT_AVX512_AMX)
    [DETR4J_TIER_AVX512_AMX] = {"avx512-amx", &avx512_amx},
#else
    [DETR4J_TIER_AVX512_AMX] = {"avx512-amx", NULL},
#endif
};

enum { TIER_COUNT = sizeof tiers / sizeof tiers[0] };

// The kernels of a tier; NULL when it is unknown, not built, or beyond this processor.
static const kernel_table *table_of(int32_t tier) {
  if (tier < 0 || tier >= TIER_COUNT) return NULL;
  return (detr4j_cpu_tiers() >> tier & 1) != 0 ? tiers[tier].table : NULL;
}

uint32_t detr4j_abi_version(void) { return DETR4J_ABI_VERSION; }

int32_t detr4j_tier_available(int32_t tier) { return table_of(tier) != NULL; }

int32_t detr4j_tier_detected(void) {
  int32_t best = DETR4J_TIER_BASELINE;
  for (int32_t tier = 0; tier < TIER_COUNT; tier++) {
    if (table_of(tier) != NULL) best = tier;
  }
  return best;
}

const char *detr4j_tier_name(int32_t tier) { return tier < 0 || tier >= TIER_COUNT ? NULL : tiers[tier].name; }

const char *detr4j_tier_refusal(int32_t tier) {
  if (tier < 0 || tier >= TIER_COUNT) return "there is no such tier";
  const char *refusal = detr4j_cpu_refusal(tier);
  return refusal != NULL || tiers[tier].table != NULL ? refusal : "this build of the library does not contain it";
}

int32_t detr4j_panel_columns(int32_t tier) {
  const kernel_table *table = table_of(tier);
  return table != NULL ? table->panel_columns() : DETR4J_ERROR_TIER;
}

int32_t detr4j_tier_multiplies(int32_t tier, int32_t type) {
  const kernel_table *table = table_of(tier);
  if (table == NULL) return 0;
  switch (type) {
  case DETR4J_TYPE_F32: return table->detr4j_conv2d_f32 != NULL;
  case DETR4J_TYPE_BF16: return table->detr4j_conv2d_bf16 != NULL;
  default: return 0;
  }
}

// Whether a kernel with these products finds maps of types that it was compiled for; kernels do not look again.
static int has_map(int32_t products, int32_t type) { return type == DETR4J_TYPE_F32 || type == products; }
static int convolution_types_fit(int32_t products, const detr4j_conv2d *p) {
  return has_map(products, p->x_type) && has_map(products, p->out_type);
}
static int attention_types_fit(int32_t products, const detr4j_attention *p) {
  return has_map(products, p->q_type) && has_map(products, p->k_type) && has_map(products, p->v_type) && has_map(products, p->out_type);
}
static int sampling_types_fit(int32_t products, const detr4j_ms_deform_attention *p) {
  return has_map(products, p->value_type) && has_map(products, p->out_type);
}
static int pool_types_fit(int32_t products, const detr4j_max_pool *p) {
  return has_map(products, p->x_type) && has_map(products, p->out_type);
}
static int no_types(int32_t products, const void *p) { // structs without such fields
  (void)products;
  (void)p;
  return 1;
}
#define TYPES_FIT(products, p) \
  _Generic((p), const detr4j_conv2d *: convolution_types_fit, const detr4j_attention *: attention_types_fit, \
           const detr4j_ms_deform_attention *: sampling_types_fit, const detr4j_max_pool *: pool_types_fit, default: no_types)(products, p)

#define DETR4J_FORWARD(result, name, params, formals, actuals)                 \
  result name formals {                                                        \
    if (p == NULL) return DETR4J_ERROR_ARGUMENT;                               \
    const kernel_table *table = table_of(p->tier);                             \
    if (table == NULL || table->name == NULL) return DETR4J_ERROR_TIER;        \
    return TYPES_FIT(PRODUCTS, p) ? table->name actuals : DETR4J_ERROR_TYPE;   \
  }
#define PRODUCTS DETR4J_TYPE_F32
#define DETR4J_COUNT(name, params) DETR4J_FORWARD(int64_t, name, params, (const params *p), (p))
#define DETR4J_CALL(name, params) DETR4J_FORWARD(int32_t, name, params, (const params *p), (p))
#define DETR4J_CALL_SCRATCH(name, params) \
  DETR4J_FORWARD(int32_t, name, params, (const params *p, void *scratch), (p, scratch))
// A tile is where the time goes; scores that are selected and suppressed (the calls) keep even the smallest numbers.
#define DETR4J_FORWARD_TILE(name, params, formals, actuals)                                   \
  int32_t name formals {                                                                      \
    if (p == NULL) return DETR4J_ERROR_ARGUMENT;                                              \
    const kernel_table *table = table_of(p->tier);                                            \
    if (table == NULL || table->name == NULL) return DETR4J_ERROR_TIER;                       \
    if (!TYPES_FIT(PRODUCTS, p)) return DETR4J_ERROR_TYPE;                                    \
    const uint64_t mode = subnormals_to_zero();                                               \
    const int32_t status = table->name actuals;                                               \
    subnormals_as(mode);                                                                      \
    return status;                                                                            \
  }
#define DETR4J_TILE(name, params) DETR4J_FORWARD_TILE(name, params, (const params *p, int64_t tile), (p, tile))
#define DETR4J_TILE_SCRATCH(name, params) \
  DETR4J_FORWARD_TILE(name, params, (const params *p, int64_t tile, void *scratch), (p, tile, scratch))
#include "kernels.def"
#undef PRODUCTS
#define PRODUCTS DETR4J_TYPE_BF16
#define DETR4J_COUNT(name, params) DETR4J_FORWARD(int64_t, name, params, (const params *p), (p))
#define DETR4J_TILE(name, params) DETR4J_FORWARD_TILE(name, params, (const params *p, int64_t tile), (p, tile))
#define DETR4J_TILE_SCRATCH(name, params) \
  DETR4J_FORWARD_TILE(name, params, (const params *p, int64_t tile, void *scratch), (p, tile, scratch))
#include "kernels_bf16.def"
