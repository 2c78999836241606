// kernel_tests [KERNEL]: runs the test of one kernel, or of all, on every tier that this processor has.
// DETR4J_TEST_SEED sets the seed (default: the time, printed), DETR4J_TEST_TIER one tier by name. A name that is unknown, or
// a tier that this processor lacks, is an error with the names that would do. With DETR4J_TEST_LACKING=skip a tier that is lacking
// is not an error: the exit code says that nothing ran.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness.h"

#define DETR4J_CALL(name, params) void test_##name(int32_t tier);
#define DETR4J_CALL_SCRATCH DETR4J_CALL
#define DETR4J_TILE DETR4J_CALL
#define DETR4J_TILE_SCRATCH DETR4J_CALL
#include "kernels.def"
#define DETR4J_TILE(name, params) void test_##name(int32_t tier);
#define DETR4J_TILE_SCRATCH DETR4J_TILE
#include "kernels_bf16.def"

enum { SKIPPED = 77 }; // what ctest shows as such

static const struct {
  const char *name;
  void (*test)(int32_t tier);
  int bf16;
} tests[] = {
#define DETR4J_CALL(name, params) {#name, test_##name, 0},
#define DETR4J_CALL_SCRATCH DETR4J_CALL
#define DETR4J_TILE DETR4J_CALL
#define DETR4J_TILE_SCRATCH DETR4J_CALL
#include "kernels.def"
#define DETR4J_TILE(name, params) {#name, test_##name, 1},
#define DETR4J_TILE_SCRATCH DETR4J_TILE
#include "kernels_bf16.def"
};

// Whether the kernel is in the lists; says which are, when it is not.
static int known_kernel(const char *kernel) {
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
    if (strcmp(kernel, tests[i].name) == 0) {
      return 1;
    }
  }
  fprintf(stderr, "kernel %s does not exist; expected", kernel);
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
    fprintf(stderr, "%s %s", i == 0 ? "" : ",", tests[i].name);
  }
  fprintf(stderr, "\n");
  return 0;
}

// Whether this processor has the tier; says which it has, when it has not.
static int available_tier(const char *name) {
  for (int32_t tier = 0; detr4j_tier_name(tier) != NULL; tier++) {
    if (detr4j_tier_available(tier) && strcmp(name, detr4j_tier_name(tier)) == 0) {
      return 1;
    }
  }
  fprintf(stderr, "DETR4J_TEST_TIER is %s; this processor and build have", name);
  for (int32_t tier = 0; detr4j_tier_name(tier) != NULL; tier++) {
    if (detr4j_tier_available(tier)) {
      fprintf(stderr, "%s %s", tier == 0 ? "" : ",", detr4j_tier_name(tier));
    }
  }
  fprintf(stderr, "\n");
  return 0;
}

int main(int count, char **arguments) {
  const char *seed_text = getenv("DETR4J_TEST_SEED"), *tier_text = getenv("DETR4J_TEST_TIER");
  const uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : (uint64_t)time(NULL);
  set_seed(seed);
  printf("seed %llu\n", (unsigned long long)seed);
  if (count > 1 && !known_kernel(arguments[1])) {
    return 2;
  }
  if (tier_text != NULL && !available_tier(tier_text)) {
    const char *lacking_text = getenv("DETR4J_TEST_LACKING");
    return lacking_text != NULL && strcmp(lacking_text, "skip") == 0 ? SKIPPED : 2;
  }
  int ran = 0, lacking = 0;
  for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
    if (count > 1 && strcmp(arguments[1], tests[i].name) != 0) {
      continue;
    }
    for (int32_t tier = 0; detr4j_tier_name(tier) != NULL; tier++) {
      if (!detr4j_tier_available(tier) || (tier_text != NULL && strcmp(tier_text, detr4j_tier_name(tier)) != 0)) {
        continue;
      }
      if (!detr4j_tier_multiplies(tier, tests[i].bf16 ? DETR4J_TYPE_BF16 : DETR4J_TYPE_F32)) {
        lacking++;
        continue;
      }
      tests[i].test(tier);
      printf("ok %s on %s\n", tests[i].name, detr4j_tier_name(tier));
      fflush(stdout);
      ran++;
    }
  }
  if (ran == 0 && lacking > 0) {
    printf("not run: %s has no such products\n", tier_text != NULL ? tier_text : "this processor");
    return SKIPPED;
  }
  return 0;
}
