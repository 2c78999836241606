// Convolution and linear layers of every tier this machine can run, against a plain loop in double over unpacked weights:
// channels 1..40, strides, dilation, padding, groups, batches, gaps between rows, masks, residual in place, NaN, activations.
// Half of the outputs are streamed. Tensors end at their last element in malloc'd blocks, so that AddressSanitizer sees an over-read.

#define _POSIX_C_SOURCE 200112L

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detr4j.h"
#include "random.h"

// [out][in / groups][kh][kw] to panels, as detr4j.h says.
static float *pack(const detr4j_conv2d *p, const float *weight) {
  int64_t width = detr4j_panel_columns(p->tier), in = p->in_c / p->groups, out = p->out_c / p->groups;
  int64_t panels = (out + width - 1) / width, taps = (int64_t)p->kernel_h * p->kernel_w;
  float *packed = calloc((size_t)(p->groups * panels * taps * in * width), sizeof(float));
  for (int64_t g = 0; g < p->groups; g++)
    for (int64_t o = 0; o < out; o++)
      for (int64_t i = 0; i < in; i++)
        for (int64_t t = 0; t < taps; t++)
          packed[(((g * panels + o / width) * taps + t) * in + i) * width + o % width] =
              weight[((g * out + o) * in + i) * taps + t];
  return packed;
}

static float *pack_bias(const detr4j_conv2d *p, const float *bias) {
  int64_t width = detr4j_panel_columns(p->tier), out = p->out_c / p->groups, panels = (out + width - 1) / width;
  float *packed = calloc((size_t)(p->groups * panels * width), sizeof(float));
  for (int64_t o = 0; o < p->out_c; o++) packed[o / out * panels * width + o % out] = bias[o];
  return packed;
}

static double expected(
    const detr4j_conv2d *p, const float *weight, const float *bias, const float *residual, int64_t n, int64_t pixel, int64_t o) {
  int valid = p->row_mask_mode == DETR4J_ROW_MASK_NONE || p->row_mask[n * p->out_h * p->out_w + pixel];
  if (!valid && p->row_mask_mode == DETR4J_ROW_MASK_ZERO_OUTPUT) return 0;
  int64_t oy = pixel / p->out_w, ox = pixel % p->out_w, in = p->in_c / p->groups, g = o / (p->out_c / p->groups);
  double sum = 0;
  for (int64_t ky = 0; valid && ky < p->kernel_h; ky++) {
    for (int64_t kx = 0; kx < p->kernel_w; kx++) {
      int64_t y = oy * p->stride - p->padding + ky * p->dilation, x = ox * p->stride - p->padding + kx * p->dilation;
      if (y < 0 || y >= p->in_h || x < 0 || x >= p->in_w) continue;
      for (int64_t i = 0; i < in; i++) {
        sum += (double)((const float *)p->x)[n * p->x_batch_stride + (y * p->in_w + x) * p->x_row_stride + g * in + i] *
               weight[((o * in + i) * p->kernel_h + ky) * p->kernel_w + kx];
      }
    }
  }
  if (bias != NULL) sum += bias[o];
  if (residual != NULL) sum += residual[n * p->residual_batch_stride + pixel * p->residual_row_stride + o];
  if (p->activation == DETR4J_ACTIVATION_RELU) return sum < 0 ? 0 : sum;
  if (p->activation == DETR4J_ACTIVATION_SILU) return sum / (1 + exp(-sum));
  if (p->activation == DETR4J_ACTIVATION_GELU) return 0.5 * sum * erfc(-sum / sqrt(2));
  return sum;
}

static int failures;

static void run_case(detr4j_conv2d p, int with_bias, int with_residual, int gaps, int poison, int number) {
  int64_t pixels = (int64_t)p.out_h * p.out_w, in_pixels = (int64_t)p.in_h * p.in_w;
  p.x_row_stride = p.in_c + (gaps ? 3 : 0);
  p.x_batch_stride = in_pixels * p.x_row_stride;
  p.out_row_stride = p.out_c + (gaps ? 5 : 0);
  p.out_batch_stride = pixels * p.out_row_stride;
  p.residual_row_stride = p.out_row_stride;
  p.residual_batch_stride = p.out_batch_stride;
  int64_t x_count = p.batch * p.x_batch_stride - (gaps ? 3 : 0), out_count = p.batch * p.out_batch_stride - (gaps ? 5 : 0);
  int64_t reduction = (int64_t)p.in_c / p.groups * p.kernel_h * p.kernel_w;
  float *x = random_floats(x_count), *weight = random_floats(p.out_c * reduction);
  float *bias = with_bias ? random_floats(p.out_c) : NULL, *residual = random_floats(out_count);
  uint8_t *mask = malloc((size_t)(p.batch * pixels));
  for (int64_t i = 0; i < p.batch * pixels; i++) mask[i] = pick(0, 2) != 0;
  if (poison) {
    for (int64_t n = 0; n < p.batch; n++)
      for (int64_t i = 0; i < in_pixels; i++)
        if (pick(0, 9) == 0 || (p.row_mask_mode != 0 && p.kernel_h * p.kernel_w == 1 && !mask[n * pixels + i]))
          x[n * p.x_batch_stride + i * p.x_row_stride + pick(0, p.in_c - 1)] = NAN;
  }
  p.x = x;
  p.row_mask = mask;
  p.stream_output = pick(0, 1);
  p.tiles_at_once = pick(0, 3);
  for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
    if (!detr4j_tier_available(p.tier)) continue;
    float *packed = pack(&p, weight), *packed_bias = with_bias ? pack_bias(&p, bias) : NULL;
    float *out = NULL; // aligned, so that what can be streamed is
    if (posix_memalign((void **)&out, 64, (size_t)out_count * sizeof(float)) != 0) exit(2);
    memcpy(out, residual, (size_t)out_count * sizeof(float)); // the residual is the output itself; gaps must survive
    p.weight = packed;
    p.bias = packed_bias;
    p.residual = with_residual ? out : NULL;
    p.out = out;
    int64_t bytes = detr4j_conv2d_f32_scratch(&p), tiles = detr4j_conv2d_f32_tiles(&p);
    void *block = malloc((size_t)bytes + 64);
    void *scratch = (void *)(((uintptr_t)block + 63) / 64 * 64);
    memset(scratch, 0xff, (size_t)bytes);
    for (int64_t t = tiles - 1; t >= 0; t--) {
      if (detr4j_conv2d_f32(&p, t, scratch) != DETR4J_OK) failures++;
    }
    double tolerance = 4e-7 * (2 + sqrt((double)reduction)) * (1 + sqrt((double)reduction) / 3);
    for (int64_t n = 0; n < p.batch; n++) {
      for (int64_t i = 0; i < pixels; i++) {
        for (int64_t o = 0; o < p.out_row_stride; o++) {
          int64_t at = n * p.out_batch_stride + i * p.out_row_stride + o;
          if (at >= out_count) continue;
          double want = o < p.out_c ? expected(&p, weight, bias, with_residual ? residual : NULL, n, i, o) : residual[at];
          double got = out[at];
          if (isnan(want) ? isnan(got) : fabs(got - want) <= tolerance) continue;
          if (failures++ < 10) {
            printf(
                "case %d tier %s: x [%d, %d, %d, %d], kernel %dx%d stride %d padding %d dilation %d groups %d, out [%d, %d, %d], mask "
                "mode %d, activation %d: item %d pixel %d channel %d is %.9g, expected %.9g (tolerance %.2g)\n",
                number, detr4j_tier_name(p.tier), p.batch, p.in_h, p.in_w, p.in_c, p.kernel_h, p.kernel_w, p.stride,
                p.padding, p.dilation, p.groups, p.out_h, p.out_w, p.out_c, p.row_mask_mode, p.activation, (int)n, (int)i,
                (int)o, got, want, tolerance);
          }
        }
      }
    }
    free(packed);
    free(packed_bias);
    free(out);
    free(block);
  }
  free(x);
  free(weight);
  free(bias);
  free(residual);
  free(mask);
}

static int out_extent(int in, int kernel, const detr4j_conv2d *p) {
  return (in + 2 * p->padding - p->dilation * (kernel - 1) - 1) / p->stride + 1;
}

int main(int argc, char **argv) {
  seed_from(argc, argv);
  int number = 0;
  for (int channels = 1; channels <= 40; channels++) { // linear layers: every tail, in both roles
    for (int rows = 1; rows <= 27; rows += 1 + channels % 3) {
      detr4j_conv2d p = {
          .batch = 1 + rows % 2, .in_h = rows, .in_w = 1, .in_c = channels, .out_h = rows, .out_w = 1,
          .out_c = 1 + (channels * 7 + rows) % 70, .kernel_h = 1, .kernel_w = 1, .stride = 1, .dilation = 1, .groups = 1,
          .activation = pick(0, 3), .row_mask_mode = pick(0, 2), .rows_per_tile = pick(1, 30), .panels_per_tile = pick(1, 3)};
      run_case(p, pick(0, 1), pick(0, 1), pick(0, 1), pick(0, 3) == 0, number++);
    }
  }
  for (int i = 0; i < 400; i++) {
    detr4j_conv2d p = {
        .batch = pick(1, 2), .kernel_h = pick(1, 7), .kernel_w = pick(1, 7), .stride = pick(1, 2), .padding = pick(0, 3),
        .dilation = pick(1, 2), .groups = pick(0, 2) == 0 ? pick(1, 4) : 1, .in_h = pick(1, 13), .in_w = pick(1, 13),
        .activation = pick(0, 3), .row_mask_mode = pick(0, 3) == 0 ? pick(1, 2) : 0, .rows_per_tile = pick(1, 60),
        .panels_per_tile = pick(1, 3)};
    p.in_c = p.groups * pick(1, 40 / p.groups);
    p.out_c = p.groups * pick(1, 40);
    if (p.in_h + 2 * p.padding <= p.dilation * (p.kernel_h - 1) || p.in_w + 2 * p.padding <= p.dilation * (p.kernel_w - 1)) {
      i--;
      continue;
    }
    p.out_h = out_extent(p.in_h, p.kernel_h, &p);
    p.out_w = out_extent(p.in_w, p.kernel_w, &p);
    run_case(p, pick(0, 1), pick(0, 1), pick(0, 1), pick(0, 3) == 0, number++);
  }
  for (int i = 0; i < 4; i++) { // pixels 4096 bytes apart
    detr4j_conv2d p = {
        .batch = 2, .kernel_h = 1, .kernel_w = 1, .stride = 1 + i / 2, .dilation = 1, .groups = 1 + i % 2, .in_h = 6, .in_w = 5,
        .in_c = 1024 / (1 + i / 2), .out_c = 6, .rows_per_tile = 17, .panels_per_tile = 2};
    p.out_h = out_extent(p.in_h, 1, &p);
    p.out_w = out_extent(p.in_w, 1, &p);
    run_case(p, 1, 1, 0, 0, number++);
  }
  detr4j_conv2d bad = {.tier = 77};
  if (detr4j_conv2d_f32_tiles(&bad) != DETR4J_ERROR_TIER) failures++;
  bad.tier = 0;
  if (detr4j_conv2d_f32_tiles(&bad) != DETR4J_ERROR_ARGUMENT) failures++;
  printf("%d cases, %d failures\n", number, failures);
  return failures != 0;
}
