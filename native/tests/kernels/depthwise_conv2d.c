#include "harness.h"

static void body(int32_t tier, int index) {
  const int32_t kernel_h = (int32_t)between(1, 7), kernel_w = (int32_t)between(1, 7), stride = (int32_t)between(1, 2);
  const int32_t padding = (int32_t)between(0, 3), dilation = (int32_t)between(1, 2);
  const int32_t reach_h = dilation * (kernel_h - 1) + 1, reach_w = dilation * (kernel_w - 1) + 1;
  int32_t in_h, in_w;
  do {
    in_h = (int32_t)between(1, 14);
    in_w = (int32_t)between(1, 40);
  } while (in_h + 2 * padding < reach_h || in_w + 2 * padding < reach_w);
  const int32_t out_h = (in_h + 2 * padding - reach_h) / stride + 1, out_w = (in_w + 2 * padding - reach_w) / stride + 1;
  const int64_t channels = extent(index), batch = between(1, 2), pixels = (int64_t)out_h * out_w;
  tensor x = new_random(batch, (int64_t)in_h * in_w, channels), residual = new_random(batch, pixels, channels);
  tensor out = new_tensor(batch, pixels, channels);
  float *weight = new_floats((int64_t)kernel_h * kernel_w * channels), *bias = new_floats(channels);
  if (index % 4 == 1) {
    x.data[0] = NAN;
    weight[between(0, (int64_t)kernel_h * kernel_w * channels - 1)] = INFINITY;
  }
  const int has_bias = chance(2), has_residual = chance(2);
  detr4j_conv2d p = {
      .tier = tier, .batch = (int32_t)batch, .in_h = in_h, .in_w = in_w, .in_c = (int32_t)channels, .out_h = out_h, .out_w = out_w,
      .out_c = (int32_t)channels, .kernel_h = kernel_h, .kernel_w = kernel_w, .stride = stride, .padding = padding,
      .dilation = dilation, .groups = (int32_t)channels, .activation = (int32_t)between(0, 3), .rows_per_tile = (int32_t)between(1, 5),
      .x = x.data, .weight = weight, .bias = has_bias ? bias : NULL, .residual = has_residual ? residual.data : NULL,
      .out = out.data, .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride, .residual_row_stride = residual.row_stride,
      .residual_batch_stride = residual.batch_stride, .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %d, %d, %d], kernel %dx%d, stride %d, padding %d, dilation %d, activation %d", p.batch, in_h, in_w, p.in_c, kernel_h,
           kernel_w, stride, padding, dilation, p.activation);
  RUN_TILES(detr4j_depthwise_conv2d_f32_tiles(&p), detr4j_depthwise_conv2d_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t o = 0; o < pixels; o++) {
      for (int64_t c = 0; c < channels; c++) {
        double sum = (has_bias ? (double)bias[c] : 0) + (has_residual ? (double)row_of(&residual, n, o)[c] : 0);
        for (int32_t k = 0; k < kernel_h * kernel_w; k++) {
          const int64_t y = o / out_w * stride - padding + k / kernel_w * dilation;
          const int64_t xx = o % out_w * stride - padding + k % kernel_w * dilation;
          const int inside = y >= 0 && y < in_h && xx >= 0 && xx < in_w;
          sum += (double)weight[k * channels + c] * (inside ? (double)row_of(&x, n, y * in_w + xx)[c] : 0);
        }
        if (p.activation == DETR4J_ACTIVATION_RELU) {
          sum = sum < 0 ? 0 : sum;
        } else if (p.activation == DETR4J_ACTIVATION_GELU) {
          sum = sum / 2 * erfc(-sum / sqrt(2));
        } else if (p.activation == DETR4J_ACTIVATION_SILU) {
          sum = sum / (1 + exp(-sum));
        }
        expect_close("out", n, o, c, sum, row_of(&out, n, o)[c], 1e-5);
      }
    }
  }
}

void test_detr4j_depthwise_conv2d_f32(int32_t tier) { run_cases("depthwise_conv2d", tier, 100, body); }
