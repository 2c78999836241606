// Tiers: the detected one is available and the highest; unknown and unavailable ones are errors, never another tier.

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
  }
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_BASELINE), "baseline") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_X86_64_V3), "x86-64-v3") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_AVX512), "avx512") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_AVX512_BF16), "avx512-bf16") == 0);
  CHECK(strcmp(detr4j_tier_name(DETR4J_TIER_NEON), "neon") == 0);
  return 0;
}
