// Throughput of the matrix kernels on one thread, on the layers that these models spend their time in. Not a test: nothing fails.
// Tiers are interleaved, so that a noisy moment hits all of them; the figure is the median of the rounds in CPU time, from
// which other processes take less than from wall time.
//
//   bench_gemm [rounds]

#define _POSIX_C_SOURCE 199309L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detr4j.h"

enum { MAX_ROUNDS = 64 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static float *floats(int64_t n) {
  float *p = aligned_alloc(64, (size_t)((n * 4 + 63) / 64 * 64));
  for (int64_t i = 0; i < n; i++) p[i] = (float)(i * 2654435761u % 1000) * 0.001f - 0.5f;
  return p;
}

// The functions of one way to convolve.
typedef struct functions {
  int64_t (*tiles)(const detr4j_conv2d *);
  int64_t (*scratch)(const detr4j_conv2d *);
  int32_t (*run)(const detr4j_conv2d *, int64_t, void *);
} functions;

// The second is for the tier that differs from avx512 in its bf16 kernels alone.
typedef struct convolver {
  const char *name;
  functions f32, bf16;
} convolver;

static const convolver direct = {
    "",
    {detr4j_conv2d_f32_tiles, detr4j_conv2d_f32_scratch, detr4j_conv2d_f32},
    {detr4j_conv2d_bf16_tiles, detr4j_conv2d_bf16_scratch, detr4j_conv2d_bf16}};
static const convolver winograd = {
    "winograd ",
    {detr4j_winograd_conv2d_f32_tiles, detr4j_winograd_conv2d_f32_scratch, detr4j_winograd_conv2d_f32},
    {detr4j_winograd_conv2d_bf16_tiles, detr4j_winograd_conv2d_bf16_scratch, detr4j_winograd_conv2d_bf16}};

// Of fp32 products on every tier.
static const convolver winograd4 = {
    "winograd4 ",
    {detr4j_winograd4_conv2d_f32_tiles, detr4j_winograd4_conv2d_f32_scratch, detr4j_winograd4_conv2d_f32},
    {detr4j_winograd4_conv2d_f32_tiles, detr4j_winograd4_conv2d_f32_scratch, detr4j_winograd4_conv2d_f32}};

static const functions *of_tier(const convolver *with, int32_t tier) {
  return tier == DETR4J_TIER_AVX512_BF16 ? &with->bf16 : &with->f32;
}

static double run_conv(const convolver *with, detr4j_conv2d *p, void *scratch) {
  const functions *f = of_tier(with, p->tier);
  double begin = seconds();
  int64_t tiles = f->tiles(p);
  for (int64_t t = 0; t < tiles; t++) f->run(p, t, scratch);
  return seconds() - begin;
}

static void bench_conv(const char *name, const convolver *with, detr4j_conv2d p, int rounds) {
  int64_t pixels = (int64_t)p.out_h * p.out_w;
  p.batch = p.groups = p.dilation = 1;
  p.activation = DETR4J_ACTIVATION_RELU;
  p.panels_per_tile = 1 << 20;
  p.tiles_at_once = 1;
  p.x_row_stride = p.in_c;
  p.out_row_stride = p.residual_row_stride = p.out_c;
  float *x = floats((int64_t)p.in_h * p.in_w * p.in_c), *out = floats(pixels * p.out_c);
  int64_t reduction = (int64_t)p.kernel_h * p.kernel_w * p.in_c;
  float *weight = floats(4 * reduction * (p.out_c + 64)), *bias = floats(p.out_c + 64);
  p.x = x;
  p.out = out;
  p.weight = weight;
  p.bias = bias;
  void *scratch = NULL;
  int64_t scratch_bytes = 0;
  double times[DETR4J_TIER_NEON + 1][MAX_ROUNDS];
  for (int r = -1; r < rounds; r++) {
    for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
      if (!detr4j_tier_available(p.tier)) continue;
      int64_t bytes = (of_tier(with, p.tier)->scratch(&p) + 63) / 64 * 64;
      if (bytes > scratch_bytes) {
        free(scratch);
        scratch = aligned_alloc(64, (size_t)bytes);
        scratch_bytes = bytes;
      }
      double t = run_conv(with, &p, scratch);
      if (r >= 0) times[p.tier][r] = t;
    }
  }
  double flops = 2.0 * (double)pixels * p.out_c * (double)reduction;
  printf("%-34s rows/tile %4d:", name, p.rows_per_tile);
  for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
    if (!detr4j_tier_available(p.tier)) continue;
    qsort(times[p.tier], (size_t)rounds, sizeof(double), by_value);
    printf("  %s %6.1f GFLOP/s", detr4j_tier_name(p.tier), flops / times[p.tier][rounds / 2] * 1e-9);
  }
  printf("\n");
  free(x);
  free(out);
  free(weight);
  free(bias);
  free(scratch);
}

static void linear(int rows, int in, int out, int rows_per_tile, int rounds) {
  char name[64];
  snprintf(name, sizeof name, "linear %d x %d x %d", rows, in, out);
  bench_conv(
      name, &direct,
      (detr4j_conv2d){.in_h = rows, .in_w = 1, .in_c = in, .out_h = rows, .out_w = 1, .out_c = out, .kernel_h = 1,
                      .kernel_w = 1, .stride = 1, .rows_per_tile = rows_per_tile},
      rounds);
}

static void convolution(
    const convolver *with, int h, int w, int in, int out, int kernel, int stride, int rows_per_tile, int rounds) {
  char name[64];
  int padding = kernel / 2;
  snprintf(name, sizeof name, "%s%dx%d/%d %d -> %d at %dx%d", with->name, kernel, kernel, stride, in, out, h, w);
  bench_conv(
      name, with,
      (detr4j_conv2d){.in_h = h, .in_w = w, .in_c = in, .out_h = (h + 2 * padding - kernel) / stride + 1,
                      .out_w = (w + 2 * padding - kernel) / stride + 1, .out_c = out, .kernel_h = kernel,
                      .kernel_w = kernel, .stride = stride, .padding = padding, .rows_per_tile = rows_per_tile},
      rounds);
}

static double run_attention(detr4j_attention *p, void *scratch) {
  double begin = seconds();
  int64_t tiles = detr4j_attention_f32_pack_tiles(p);
  for (int64_t t = 0; t < tiles; t++) detr4j_attention_f32_pack(p, t);
  tiles = detr4j_attention_f32_tiles(p);
  for (int64_t t = 0; t < tiles; t++) detr4j_attention_f32(p, t, scratch);
  return seconds() - begin;
}

static void attention(int queries, int keys, int rounds) {
  int width = 256;
  detr4j_attention p = {
      .batch = 1, .queries = queries, .keys = keys, .heads = 8, .head_dim = 32, .queries_per_tile = 96, .scale = 0.17677669f,
      .q_row_stride = width, .k_row_stride = width, .v_row_stride = width, .out_row_stride = width};
  float *q = floats((int64_t)queries * width), *k = floats((int64_t)keys * width), *v = floats((int64_t)keys * width);
  p.q = q;
  p.k = k;
  p.v = v;
  p.out = floats((int64_t)queries * width);
  int64_t workspace = 0, scratch_floats = 0; // as much as the widest panels need
  for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
    int64_t w = detr4j_attention_f32_workspace(&p) / 4, s = detr4j_attention_f32_scratch(&p) / 4;
    workspace = w > workspace ? w : workspace;
    scratch_floats = s > scratch_floats ? s : scratch_floats;
  }
  p.workspace = floats(workspace);
  float *scratch = floats(scratch_floats);
  double times[DETR4J_TIER_NEON + 1][MAX_ROUNDS];
  for (int r = -1; r < rounds; r++) {
    for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
      if (!detr4j_tier_available(p.tier) || p.tier == DETR4J_TIER_AVX512_BF16) continue;
      double t = run_attention(&p, scratch);
      if (r >= 0) times[p.tier][r] = t;
    }
  }
  char name[64];
  snprintf(name, sizeof name, "attention %d x %d, 8 heads of 32", queries, keys);
  printf("%-34s queries/tile %d:", name, p.queries_per_tile);
  for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
    if (!detr4j_tier_available(p.tier) || p.tier == DETR4J_TIER_AVX512_BF16) continue;
    qsort(times[p.tier], (size_t)rounds, sizeof(double), by_value);
    double t = times[p.tier][rounds / 2];
    printf("  %s %.2f ms (%.1f GFLOP/s)", detr4j_tier_name(p.tier), t * 1e3, 4.0 * queries * keys * width / t * 1e-9);
  }
  printf("\n");
  free(q);
  free(k);
  free(v);
  free(p.out);
  free(p.workspace);
  free(scratch);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 5;
  if (rounds < 1 || rounds > MAX_ROUNDS) {
    fprintf(stderr, "bench_gemm [rounds]: 1 to %d rounds, not %s\n", MAX_ROUNDS, argv[1]);
    return 2;
  }
  attention(850, 850, rounds);
  attention(100, 850, rounds);
  attention(300, 300, rounds);
  for (int rows_per_tile = 48; rows_per_tile <= 192; rows_per_tile *= 2) {
    linear(17821, 256, 256, rows_per_tile, rounds);
    linear(17821, 256, 1024, rows_per_tile, rounds);
    linear(17821, 1024, 256, rows_per_tile, rounds);
    convolution(&direct, 50, 67, 256, 256, 3, 1, rows_per_tile, rounds);
    convolution(&direct, 200, 267, 64, 64, 3, 1, rows_per_tile, rounds);
    convolution(&direct, 25, 34, 512, 512, 3, 1, rows_per_tile, rounds);
    convolution(&direct, 50, 67, 1024, 256, 1, 1, rows_per_tile, rounds);
    convolution(&direct, 25, 34, 512, 2048, 1, 1, rows_per_tile, rounds);
    convolution(&direct, 200, 267, 64, 256, 1, 1, rows_per_tile, rounds);
    convolution(&direct, 200, 267, 256, 64, 1, 1, rows_per_tile, rounds);
    convolution(&direct, 800, 1066, 3, 64, 7, 2, rows_per_tile, rounds);
  }
  for (int squares = 24; squares <= 96; squares *= 2) { // GFLOP/s as if computed directly
    convolution(&winograd, 50, 67, 256, 256, 3, 1, squares, rounds);
    convolution(&winograd, 100, 134, 128, 128, 3, 1, squares, rounds);
    convolution(&winograd, 200, 267, 64, 64, 3, 1, squares, rounds);
    convolution(&winograd, 25, 34, 512, 512, 3, 1, squares, rounds);
    convolution(&winograd4, 50, 67, 256, 256, 3, 1, squares, rounds);
    convolution(&winograd4, 100, 134, 128, 128, 3, 1, squares, rounds);
    convolution(&winograd4, 200, 267, 64, 64, 3, 1, squares, rounds);
    convolution(&winograd4, 25, 34, 512, 512, 3, 1, squares, rounds);
  }
  return 0;
}
