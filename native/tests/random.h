/* Reproducible random cases: the seed is printed, and a test takes another one as its argument. */
#ifndef DETR4J_TEST_RANDOM_H
#define DETR4J_TEST_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static inline uint32_t next_u32(void) { // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)(z >> 32);
}
static inline int pick(int low, int high) { return low + (int)(next_u32() % (uint32_t)(high - low + 1)); }
static inline float next_float(void) { return (float)next_u32() / 2147483648.0f - 1.0f; }

static inline float *random_floats(int64_t n) {
  float *p = malloc((size_t)n * sizeof(float));
  for (int64_t i = 0; i < n; i++) p[i] = next_float();
  return p;
}

static inline void seed_from(int argc, char **argv) {
  state = argc > 1 ? strtoull(argv[1], NULL, 10) : 20261120;
  printf("seed %llu\n", (unsigned long long)state);
}

#endif /* DETR4J_TEST_RANDOM_H */
