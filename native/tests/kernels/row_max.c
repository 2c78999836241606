#include "harness.h"

#include <float.h>

static void body(int32_t tier, int index) {
  const int64_t batch = between(1, 3), rows = between(1, 9), columns = extent(index);
  tensor x = new_random(batch, rows, columns), out = new_tensor(batch, rows, 1);
  sprinkle(&x, index % 3);
  detr4j_row_max p = {.tier = tier, .batch = (int32_t)batch, .rows = rows, .columns = (int32_t)columns,
                      .rows_per_tile = (int32_t)between(1, 5), .x = x.data, .out = out.data, .x_row_stride = x.row_stride,
                      .x_batch_stride = x.batch_stride, .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %lld, %d]", p.batch, (long long)p.rows, p.columns);
  RUN_TILES(detr4j_row_max_f32_tiles(&p), detr4j_row_max_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      float best = -INFINITY;
      for (int64_t c = 0; c < columns; c++) {
        const float v = row_of(&x, n, i)[c];
        best = isnan(best) || isnan(v) ? NAN : v > best ? v : best;
      }
      expect_close("out", n, i, 0, (double)best, row_of(&out, n, i)[0], FLT_MIN);
    }
  }
}

void test_detr4j_row_max_f32(int32_t tier) { run_cases("row_max", tier, 120, body); }
