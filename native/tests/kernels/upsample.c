#include "harness.h"

#include <float.h>

static void body(int32_t tier, int index) {
  const int32_t in_h = (int32_t)between(1, 7), in_w = (int32_t)between(1, 9), factor = (int32_t)between(1, 3);
  const int64_t channels = extent(index), batch = between(1, 2);
  const int64_t out_h = (int64_t)in_h * factor, out_w = (int64_t)in_w * factor;
  tensor x = new_random(batch, (int64_t)in_h * in_w, channels), out = new_tensor(batch, out_h * out_w, channels);
  sprinkle(&x, (int)between(0, 4));
  detr4j_upsample p = {.tier = tier, .batch = (int32_t)batch, .in_h = in_h, .in_w = in_w, .channels = (int32_t)channels,
                       .factor = factor, .rows_per_tile = (int32_t)between(1, 4), .x = x.data, .out = out.data,
                       .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride, .out_row_stride = out.row_stride,
                       .out_batch_stride = out.batch_stride};
  describe("[%d, %d, %d, %d], factor %d", p.batch, in_h, in_w, p.channels, factor);
  RUN_TILES(detr4j_upsample_f32_tiles(&p), detr4j_upsample_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t o = 0; o < out_h * out_w; o++) {
      const int64_t from = o / out_w / factor * in_w + o % out_w / factor;
      for (int64_t c = 0; c < channels; c++) {
        expect_close("out", n, o, c, (double)row_of(&x, n, from)[c], row_of(&out, n, o)[c], FLT_MIN);
      }
    }
  }
}

void test_detr4j_upsample_f32(int32_t tier) { run_cases("upsample", tier, 60, body); }
