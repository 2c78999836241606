#include "harness.h"

static void body(int32_t tier, int index) {
  const int32_t stride = index % 2 == 0 ? 2 : (int32_t)between(1, 3); // mostly the shortcut of ResNet-vd
  const int32_t kernel = index % 2 == 0 ? 2 : (int32_t)between(stride, stride + 2);
  const int32_t in_h = (int32_t)between(1, 11), in_w = (int32_t)between(1, 13);
  const int32_t out_h = in_h <= kernel ? 1 : (in_h - kernel + stride - 1) / stride + 1;
  const int32_t out_w = in_w <= kernel ? 1 : (in_w - kernel + stride - 1) / stride + 1;
  const int64_t channels = extent(index), batch = between(1, 2);
  tensor x = new_random(batch, (int64_t)in_h * in_w, channels), out = new_tensor(batch, (int64_t)out_h * out_w, channels);
  sprinkle(&x, (int)between(0, 4));
  detr4j_max_pool p = {.tier = tier, .batch = (int32_t)batch, .in_h = in_h, .in_w = in_w, .channels = (int32_t)channels,
                       .out_h = out_h, .out_w = out_w, .kernel = kernel, .stride = stride, .padding = 0,
                       .rows_per_tile = (int32_t)between(1, 4), .x = x.data, .out = out.data, .x_row_stride = x.row_stride,
                       .x_batch_stride = x.batch_stride, .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %d, %d, %d], kernel %d, stride %d", p.batch, in_h, in_w, p.channels, kernel, stride);
  RUN_TILES(detr4j_average_pool_f32_tiles(&p), detr4j_average_pool_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t o = 0; o < (int64_t)out_h * out_w; o++) {
      for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        int count = 0;
        for (int32_t k = 0; k < kernel * kernel; k++) {
          const int64_t y = o / out_w * stride + k / kernel, xx = o % out_w * stride + k % kernel;
          if (y < in_h && xx < in_w) {
            sum += (double)row_of(&x, n, y * in_w + xx)[c];
            count++;
          }
        }
        const double mean = sum / count;
        expect_close("out", n, o, c, mean, row_of(&out, n, o)[c], isfinite(mean) ? 1e-6 * (1 + fabs(mean)) : 1e-6);
      }
    }
  }
}

void test_detr4j_average_pool_f32(int32_t tier) { run_cases("average_pool", tier, 120, body); }
