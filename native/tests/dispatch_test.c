// Tiers: the detected one is available and the highest; unknown and unavailable ones are errors, never another tier.
// Element types: a function takes fp32 and the type of its products; others are an error of their own.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detr4j.h"

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

static void runs_or_refuses(int32_t tier, int available) {
  const float a[3] = {1, 2, 3}, b[3] = {10, 20, 30};
  float out[3] = {0};
  const detr4j_add p = {.tier = tier, .batch = 1, .rows = 1, .columns = 3, .rows_per_tile = 1, .a = a, .b = b, .out = out};
  const int64_t tiles = detr4j_add_f32_tiles(&p);
  const int32_t status = detr4j_add_f32(&p, 0);
  if (available) {
    CHECK(tiles == 1 && status == DETR4J_OK && out[0] == 11 && out[2] == 33);
    CHECK(detr4j_panel_columns(tier) > 0);
    CHECK(detr4j_add_f32(&p, -1) == DETR4J_ERROR_ARGUMENT);
    CHECK(detr4j_add_f32(&p, 1) == DETR4J_ERROR_ARGUMENT);
  } else {
    CHECK(tiles == DETR4J_ERROR_TIER && status == DETR4J_ERROR_TIER && out[0] == 0);
    CHECK(detr4j_panel_columns(tier) == DETR4J_ERROR_TIER);
  }
}

// Numbers below the normal range count as 0 in a tile, and only there: the mode of the thread is the caller's.
static void subnormals_are_zero(int32_t tier) {
#if defined(__x86_64__) || defined(_M_X64) || defined(__aarch64__)
  volatile float tiny = 1e-40f;
  const float a[3] = {tiny, 1, 1.2e-38f}, b[3] = {tiny, tiny, -1.19e-38f};
  float out[3] = {5, 5, 5};
  const detr4j_add p = {.tier = tier, .batch = 1, .rows = 1, .columns = 3, .rows_per_tile = 1, .a = a, .b = b, .out = out};
  CHECK(detr4j_add_f32(&p, 0) == DETR4J_OK);
  CHECK(out[0] == 0 && out[1] == 1 && out[2] == 0);
  volatile float sum = tiny + tiny;
  CHECK(sum > tiny && tiny > 0);
  CHECK(detr4j_add_f32(&p, 7) == DETR4J_ERROR_ARGUMENT);
  sum = tiny + tiny;
  CHECK(sum > tiny);
#else
  (void)tier;
#endif
}

// One pixel of one channel: 3 * 4. The kernel that is asked for is 1x1 or, for Winograd, 3x3 around a pixel with zeros beside it.
static void types_run_or_are_refused(
    const char *name, int32_t products, int32_t tier, int32_t kernel, int64_t (*tiles)(const detr4j_conv2d *)) {
  for (int32_t x_type = -1; x_type < 5; x_type++) {
    for (int32_t out_type = -1; out_type < 5; out_type++) {
      const detr4j_conv2d p = {
          .tier = tier, .batch = 1, .in_h = 1, .in_w = 1, .in_c = 1, .out_h = 1, .out_w = 1, .out_c = 1, .kernel_h = kernel,
          .kernel_w = kernel, .stride = 1, .padding = kernel / 2, .dilation = 1, .groups = 1, .rows_per_tile = 1,
          .panels_per_tile = 1, .x_type = x_type, .out_type = out_type, .x_row_stride = 1, .out_row_stride = 1};
      const int taken = (x_type == DETR4J_TYPE_F32 || x_type == products) && (out_type == DETR4J_TYPE_F32 || out_type == products);
      const int64_t expected = !detr4j_tier_multiplies(tier, products) ? DETR4J_ERROR_TIER : taken ? 1 : DETR4J_ERROR_TYPE;
      if (tiles(&p) != expected) {
        fprintf(stderr, "%s, tier %d, x_type %d, out_type %d: %lld tiles, expected %lld\n", name, tier, x_type, out_type,
                (long long)tiles(&p), (long long)expected);
        exit(1);
      }
    }
  }
}

static void types(int32_t tier) {
#define TYPES(name, products, kernel) types_run_or_are_refused(#name, products, tier, kernel, name##_tiles)
  TYPES(detr4j_conv2d_f32, DETR4J_TYPE_F32, 1);
  TYPES(detr4j_depthwise_conv2d_f32, DETR4J_TYPE_F32, 1);
  TYPES(detr4j_winograd_conv2d_f32, DETR4J_TYPE_F32, 3);
  TYPES(detr4j_winograd4_conv2d_f32, DETR4J_TYPE_F32, 3);
  TYPES(detr4j_conv2d_bf16, DETR4J_TYPE_BF16, 1);
  TYPES(detr4j_winograd_conv2d_bf16, DETR4J_TYPE_BF16, 3);
  CHECK(detr4j_tier_multiplies(tier, DETR4J_TYPE_F32) == detr4j_tier_available(tier));
  CHECK(!detr4j_tier_multiplies(tier, DETR4J_TYPE_BF16) || tier == DETR4J_TIER_AVX512_BF16);
  CHECK(detr4j_tier_multiplies(tier, -1) == 0 && detr4j_tier_multiplies(tier, 2) == 0);
  // The functions that compute refuse as those that count do, and touch nothing.
  const float x = 3, weight[64] = {4};
  float out = 0;
  detr4j_conv2d p = {
      .tier = tier, .batch = 1, .in_h = 1, .in_w = 1, .in_c = 1, .out_h = 1, .out_w = 1, .out_c = 1, .kernel_h = 1,
      .kernel_w = 1, .stride = 1, .dilation = 1, .groups = 1, .rows_per_tile = 1, .panels_per_tile = 1, .x = &x,
      .weight = weight, .out = &out, .x_row_stride = 1, .x_batch_stride = 1, .out_row_stride = 1, .out_batch_stride = 1};
  _Alignas(64) char scratch[4096];
  if (detr4j_tier_available(tier)) {
    CHECK(detr4j_conv2d_f32_scratch(&p) <= (int64_t)sizeof scratch);
    p.out_type = DETR4J_TYPE_BF16;
    CHECK(detr4j_conv2d_f32(&p, 0, scratch) == DETR4J_ERROR_TYPE && out == 0);
    CHECK(detr4j_conv2d_f32_scratch(&p) == DETR4J_ERROR_TYPE);
    CHECK(detr4j_depthwise_conv2d_f32(&p, 0) == DETR4J_ERROR_TYPE && out == 0);
    p.out_type = DETR4J_TYPE_F32;
    CHECK(detr4j_conv2d_f32(&p, 0, scratch) == DETR4J_OK && out == 12);
  }
}

int main(void) {
  CHECK(detr4j_abi_version() == DETR4J_ABI_VERSION);
  const int32_t detected = detr4j_tier_detected();
  CHECK(detr4j_tier_available(detected) == 1);
  CHECK(detr4j_tier_available(DETR4J_TIER_BASELINE) == 1);
  printf("detected %s\n", detr4j_tier_name(detected));
  for (int32_t tier = -2; tier < 40; tier++) {
    const int available = detr4j_tier_available(tier);
    CHECK(available == 0 || available == 1);
    CHECK(!available || (tier >= 0 && tier <= detected && detr4j_tier_name(tier) != NULL));
    CHECK(tier >= 0 || detr4j_tier_name(tier) == NULL);
    runs_or_refuses(tier, available);
    if (available) subnormals_are_zero(tier);
    types(tier);
  }
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_BASELINE), "baseline") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_X86_64_V3), "x86-64-v3") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_AVX512), "avx512") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_AVX512_BF16), "avx512-bf16") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_NEON), "neon") == 0);
  return 0;
}
