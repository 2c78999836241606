// bench_ops [TIER]: times the ops that are not matrix products at the sizes of Deformable DETR R50 on 800 x 1066, one thread.
// Prints the least and the median of several runs in processor time, and the bytes of all tensors once over, divided by the least.
// By hand, on a quiet machine.
#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detr4j.h"

enum { TOKENS = 17821, CHANNELS = 256, RUNS = 15 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(int64_t count, float least, float most) {
  static uint64_t state = 1;
  float *p = aligned_alloc(64, ((size_t)count * sizeof(float) + 63) / 64 * 64);
  for (int64_t i = 0; i < count; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    p[i] = least + (most - least) * (float)(state >> 40) * 0x1p-24f;
  }
  return p;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *name, double *times, double bytes) {
  qsort(times, RUNS, sizeof *times, by_value);
  printf("%-52s %8.3f ms (median %8.3f)  %6.1f GB/s\n", name, 1e3 * times[0], 1e3 * times[RUNS / 2], 1e-9 * bytes / times[0]);
}

#define BENCH(name, bytes, tiles, call)                     \
  do {                                                      \
    double times[RUNS];                                     \
    for (int run = 0; run < RUNS; run++) {                  \
      const double start = seconds();                       \
      for (int64_t tile = 0; tile < (tiles); tile++) call;  \
      times[run] = seconds() - start;                       \
    }                                                       \
    report(name, times, bytes);                             \
  } while (0)

// Encoder self-attention: every cell of four levels is a query, and samples near itself on each level.
static void ms_deform_attention(int32_t tier, int32_t queries_per_tile, float reach, int by_heads) {
  static const int32_t levels[12] = {100, 134, 0, 50, 67, 13400, 25, 34, 16750, 13, 17, 17600};
  const int32_t heads = 8, samples = 16;
  static float *value, *workspace, *offsets, *logits, *reference, *out;
  if (value == NULL) {
    value = floats((int64_t)TOKENS * CHANNELS, -1, 1);
    workspace = floats((int64_t)TOKENS * CHANNELS, 0, 0);
    offsets = floats((int64_t)TOKENS * heads * samples * 2, -1, 1);
    logits = floats((int64_t)TOKENS * heads * samples, -2, 2);
    reference = floats((int64_t)TOKENS * 2, 0, 1);
    out = floats((int64_t)TOKENS * CHANNELS, 0, 0);
    for (int l = 0; l < 4; l++) {
      const int32_t height = levels[3 * l], width = levels[3 * l + 1];
      for (int32_t i = 0; i < height * width; i++) {
        reference[2 * (levels[3 * l + 2] + i)] = ((float)(i % width) + 0.5f) / (float)width;
        reference[2 * (levels[3 * l + 2] + i) + 1] = ((float)(i / width) + 0.5f) / (float)height;
      }
    }
  }
  float *scaled = floats((int64_t)TOKENS * heads * samples * 2, 0, 0);
  for (int64_t i = 0; i < (int64_t)TOKENS * heads * samples * 2; i++) {
    scaled[i] = offsets[i] * reach;
  }
  const float ratios[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  detr4j_ms_deform_attention p = {
      .tier = tier, .batch = 1, .queries = TOKENS, .tokens = TOKENS, .heads = heads, .head_dim = 32, .levels_count = 4, .points = 4,
      .reference_columns = 2, .queries_per_tile = queries_per_tile, .tokens_per_tile = 256, .levels = levels, .value = value, .offsets = scaled, .logits = logits,
      .reference = reference, .valid_ratios = ratios, .out = out, .workspace = by_heads ? workspace : NULL, .value_row_stride = CHANNELS,
      .offsets_row_stride = (int64_t)heads * samples * 2, .logits_row_stride = (int64_t)heads * samples, .reference_row_stride = 2,
      .out_row_stride = CHANNELS};
  void *scratch = aligned_alloc(64, (size_t)detr4j_ms_deform_attention_f32_scratch(&p));
  char name[80];
  snprintf(name, sizeof name, "ms_deform_attention, tile %d, reach %g, %s", queries_per_tile, (double)reach, by_heads ? "by heads" : "in place");
  const double bytes = 4.0 * TOKENS * (2 * CHANNELS + heads * samples * 3);
  BENCH(name, bytes, detr4j_ms_deform_attention_f32_tiles(&p), detr4j_ms_deform_attention_f32(&p, tile, scratch));
  if (by_heads) {
    BENCH("  pack", 8.0 * TOKENS * CHANNELS, detr4j_ms_deform_attention_f32_pack_tiles(&p), detr4j_ms_deform_attention_f32_pack(&p, tile));
  }
  free(scratch);
  free(scaled);
}

static void layer_norm(int32_t tier, int extras) {
  float *x = floats((int64_t)TOKENS * CHANNELS, -1, 1), *residual = floats((int64_t)TOKENS * CHANNELS, -1, 1);
  float *y = floats((int64_t)TOKENS * CHANNELS, 0, 0), *y_plus = floats((int64_t)TOKENS * CHANNELS, 0, 0);
  float *weight = floats(CHANNELS, 0, 1), *bias = floats(CHANNELS, 0, 1);
  detr4j_layer_norm p = {.tier = tier, .batch = 1, .rows = TOKENS, .channels = CHANNELS, .rows_per_tile = 64, .epsilon = 1e-5f, .x = x,
                         .residual = extras ? residual : NULL, .addend = extras ? residual : NULL, .weight = weight, .bias = bias, .y = y,
                         .y_plus = extras ? y_plus : NULL, .x_row_stride = CHANNELS, .residual_row_stride = CHANNELS,
                         .addend_row_stride = CHANNELS, .y_row_stride = CHANNELS, .y_plus_row_stride = CHANNELS};
  BENCH(extras ? "layer_norm with residual and addend" : "layer_norm", 4.0 * TOKENS * CHANNELS * (extras ? 4 : 2),
        detr4j_layer_norm_f32_tiles(&p), detr4j_layer_norm_f32(&p, tile));
  free(x), free(residual), free(y), free(y_plus), free(weight), free(bias);
}

static void group_norm(int32_t tier) {
  const int64_t rows = 13400;
  float *x = floats(rows * CHANNELS, -1, 1), *y = floats(rows * CHANNELS, 0, 0), *weight = floats(CHANNELS, 0, 1);
  detr4j_group_norm p = {.tier = tier, .batch = 1, .rows = rows, .channels = CHANNELS, .groups = 32, .rows_per_tile = 128,
                         .epsilon = 1e-5f, .x = x, .weight = weight, .bias = weight, .y = y, .x_row_stride = CHANNELS,
                         .y_row_stride = CHANNELS};
  p.workspace = malloc((size_t)detr4j_group_norm_f32_workspace(&p));
  BENCH("group_norm statistics 100x134x256", 4.0 * rows * CHANNELS, detr4j_group_norm_f32_tiles(&p),
        detr4j_group_norm_f32_statistics(&p, tile));
  BENCH("group_norm apply 100x134x256", 8.0 * rows * CHANNELS, detr4j_group_norm_f32_tiles(&p), detr4j_group_norm_f32_apply(&p, tile));
  free(p.workspace), free(x), free(y), free(weight);
}

static void max_pool(int32_t tier) {
  const int64_t in = 400 * 533 * 64, out_count = 200 * 267 * 64;
  float *x = floats(in, -1, 1), *out = floats(out_count, 0, 0);
  detr4j_max_pool p = {.tier = tier, .batch = 1, .in_h = 400, .in_w = 533, .channels = 64, .out_h = 200, .out_w = 267, .kernel = 3,
                       .stride = 2, .padding = 1, .rows_per_tile = 4, .x = x, .out = out, .x_row_stride = 64, .out_row_stride = 64};
  BENCH("max_pool 3x3 stride 2, 400x533x64", 4.0 * (in + out_count), detr4j_max_pool_f32_tiles(&p), detr4j_max_pool_f32(&p, tile));
  free(x), free(out);
}

static void sine_position(int32_t tier) {
  float divisors[128];
  for (int i = 0; i < 128; i++) {
    divisors[i] = 1.0f + (float)(i * i);
  }
  const int32_t valid[2] = {100, 134};
  float *out = floats(13400 * 256, 0, 0);
  detr4j_sine_position p = {.tier = tier, .batch = 1, .height = 100, .width = 134, .features = 128, .offset = -0.5f, .valid = valid,
                            .divisors = divisors, .out = out, .out_row_stride = 256};
  BENCH("sine_position 100x134x256", 4.0 * 13400 * 256, detr4j_sine_position_f32_tiles(&p), detr4j_sine_position_f32(&p, tile));
  free(out);
}

static void top_k(int32_t tier) {
  float *x = floats(27300, 0, 1), values[300];
  int32_t indices[300];
  detr4j_top_k p = {.tier = tier, .batch = 1, .rows = 300, .columns = 91, .k = 100, .x = x, .values = values, .indices = indices,
                    .x_row_stride = 91};
  BENCH("top_k 100 of 300x91", 4.0 * 27300, 1, detr4j_top_k_f32(&p, tile));
  free(x);
}

static void depthwise(int32_t tier) {
  const int64_t count = 100 * 134 * 192;
  float *x = floats(count, -1, 1), *out = floats(count, 0, 0), *weight = floats(49 * 192, -1, 1);
  detr4j_conv2d p = {.tier = tier, .batch = 1, .in_h = 100, .in_w = 134, .in_c = 192, .out_h = 100, .out_w = 134, .out_c = 192,
                     .kernel_h = 7, .kernel_w = 7, .stride = 1, .padding = 3, .dilation = 1, .groups = 192, .rows_per_tile = 8,
                     .x = x, .weight = weight, .out = out, .x_row_stride = 192, .out_row_stride = 192};
  BENCH("depthwise_conv2d 7x7, 100x134x192", 8.0 * (double)count, detr4j_depthwise_conv2d_f32_tiles(&p),
        detr4j_depthwise_conv2d_f32(&p, tile));
  free(x), free(out), free(weight);
}

static void resize(int32_t tier) {
  enum { SOURCE_H = 480, SOURCE_W = 640, H = 800, W = 1066, TAPS = 3 };
  static uint8_t pixels[SOURCE_H * SOURCE_W * 3], workspace[SOURCE_H * W * 3], scratch[W * 3 + 64];
  static int32_t start_x[W], start_y[H], count[W], weight[W * TAPS];
  for (int i = 0; i < W; i++) {
    start_x[i] = i * (SOURCE_W - TAPS) / (W - 1);
    count[i] = TAPS;
    weight[TAPS * i] = weight[TAPS * i + 1] = weight[TAPS * i + 2] = (1 << 22) / 3;
  }
  for (int i = 0; i < H; i++) {
    start_y[i] = i * (SOURCE_H - TAPS) / (H - 1);
  }
  float *lookup = floats(768, -2, 2), *out = floats(H * W * 3, 0, 0);
  detr4j_resize p = {.tier = tier, .source_h = SOURCE_H, .source_w = SOURCE_W, .height = H, .width = W, .padded_h = H, .padded_w = W,
                     .taps_x = TAPS, .taps_y = TAPS, .precision_x = 22, .precision_y = 22, .rows_per_tile = 16, .pixels = pixels,
                     .start_x = start_x, .count_x = count, .weight_x = weight, .start_y = start_y, .count_y = count, .weight_y = weight,
                     .lookup = lookup, .workspace = workspace, .out = out, .pixels_row_stride = SOURCE_W * 3};
  BENCH("resize horizontal 640x480 to 1066x480", 3.0 * SOURCE_H * (SOURCE_W + W), detr4j_resize_u8_horizontal_tiles(&p),
        detr4j_resize_u8_horizontal(&p, tile));
  BENCH("resize vertical 1066x480 to 1066x800", 3.0 * W * (SOURCE_H + 4 * H), detr4j_resize_u8_vertical_tiles(&p),
        detr4j_resize_u8_vertical(&p, tile, scratch));
  free(lookup), free(out);
}

int main(int count, char **arguments) {
  for (int32_t tier = 0; detr4j_tier_name(tier) != NULL; tier++) {
    if (!detr4j_tier_available(tier) || (count > 1 ? strcmp(arguments[1], detr4j_tier_name(tier)) != 0 : tier == DETR4J_TIER_AVX512_BF16)) {
      continue;
    }
    printf("%s\n", detr4j_tier_name(tier));
    ms_deform_attention(tier, 256, 4, 0);
    ms_deform_attention(tier, 256, 16, 0);
    ms_deform_attention(tier, 32, 4, 1);
    ms_deform_attention(tier, 256, 4, 1);
    ms_deform_attention(tier, 256, 16, 1);
    layer_norm(tier, 0);
    layer_norm(tier, 1);
    group_norm(tier);
    max_pool(tier);
    sine_position(tier);
    depthwise(tier);
    top_k(tier);
    resize(tier);
  }
  return 0;
}
