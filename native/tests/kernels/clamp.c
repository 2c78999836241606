#include "harness.h"

#include <float.h>

static void body(int32_t tier, int index) {
  const int64_t batch = between(1, 3), rows = between(1, 9), columns = extent(index);
  tensor x = new_random(batch, rows, columns), out = new_tensor(batch, rows, columns);
  sprinkle(&x, index % 3);
  detr4j_clamp p = {.tier = tier, .batch = (int32_t)batch, .rows = rows, .columns = (int32_t)columns,
                    .rows_per_tile = (int32_t)between(1, 5), .least = -0.25f, .most = 0.5f, .x = x.data, .out = out.data,
                    .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride, .out_row_stride = out.row_stride,
                    .out_batch_stride = out.batch_stride};
  describe("[%d, %lld, %d]", p.batch, (long long)p.rows, p.columns);
  RUN_TILES(detr4j_clamp_f32_tiles(&p), detr4j_clamp_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < columns; c++) {
        const double v = (double)row_of(&x, n, i)[c];
        expect_close("out", n, i, c, v < -0.25 ? -0.25 : v > 0.5 ? 0.5 : v, row_of(&out, n, i)[c], FLT_MIN);
      }
    }
  }
}

void test_detr4j_clamp_f32(int32_t tier) { run_cases("clamp", tier, 60, body); }
