#include "harness.h"

#include <float.h>

static void body(int32_t products, int32_t tier, int index) {
  int32_t kernel = (int32_t)between(1, 4), stride = (int32_t)between(1, 3);
  if (index % 2 == 0) { // the window of ResNet
    kernel = 3;
    stride = 2;
  }
  const int32_t padding = (int32_t)between(0, kernel / 2);
  int32_t in_h, in_w;
  do {
    in_h = (int32_t)between(1, 11);
    in_w = (int32_t)between(1, 13);
  } while (in_h + 2 * padding < kernel || in_w + 2 * padding < kernel);
  const int32_t out_h = (in_h + 2 * padding - kernel) / stride + 1, out_w = (in_w + 2 * padding - kernel) / stride + 1;
  const int64_t channels = extent(index), batch = between(1, 2);
  tensor x = new_random(batch, (int64_t)in_h * in_w, channels), out = new_tensor(batch, (int64_t)out_h * out_w, channels);
  sprinkle(&x, (int)between(0, 4));
  detr4j_max_pool p = {.tier = tier, .batch = (int32_t)batch, .in_h = in_h, .in_w = in_w, .channels = (int32_t)channels,
                       .out_h = out_h, .out_w = out_w, .kernel = kernel, .stride = stride, .padding = padding,
                       .rows_per_tile = (int32_t)between(1, 4), .x_row_stride = x.row_stride,
                       .x_batch_stride = x.batch_stride, .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  p.x_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.out_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.x = p.x_type == DETR4J_TYPE_BF16 ? narrow(&x) : x.data;
  p.out = p.out_type == DETR4J_TYPE_BF16 ? narrow(&out) : out.data;
  describe("[%d, %d, %d, %d], kernel %d, stride %d, padding %d", p.batch, in_h, in_w, p.channels, kernel, stride, padding);
  if (products == DETR4J_TYPE_F32) {
    RUN_TILES(detr4j_max_pool_f32_tiles(&p), detr4j_max_pool_f32(&p, tile));
  } else {
    RUN_TILES(detr4j_max_pool_bf16_tiles(&p), detr4j_max_pool_bf16(&p, tile));
  }
  if (p.out_type == DETR4J_TYPE_BF16) widen(p.out, &out);
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t o = 0; o < (int64_t)out_h * out_w; o++) {
      for (int64_t c = 0; c < channels; c++) {
        float best = -INFINITY;
        for (int32_t k = 0; k < kernel * kernel; k++) {
          const int64_t y = o / out_w * stride - padding + k / kernel, xx = o % out_w * stride - padding + k % kernel;
          if (y >= 0 && y < in_h && xx >= 0 && xx < in_w) {
            const float v = row_of(&x, n, y * in_w + xx)[c];
            best = isnan(best) || isnan(v) ? NAN : v > best ? v : best;
          }
        }
        best = rounded_to(p.out_type, best);
        expect_close("out", n, o, c, (double)best, row_of(&out, n, o)[c], FLT_MIN); // a subnormal number counts as 0
      }
    }
  }
}

static void body_f32(int32_t tier, int index) { body(DETR4J_TYPE_F32, tier, index); }
static void body_bf16(int32_t tier, int index) { body(DETR4J_TYPE_BF16, tier, index); }

void test_detr4j_max_pool_f32(int32_t tier) { run_cases("max_pool", tier, 120, body_f32); }
void test_detr4j_max_pool_bf16(int32_t tier) { run_cases("max_pool bf16", tier, 120, body_bf16); }
