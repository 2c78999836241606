#include "harness.h"

#include <float.h>

static void body(int32_t tier, int index) {
  const int64_t batch = between(1, 3), rows = between(1, 9), columns = extent(index);
  tensor a = new_random(batch, rows, columns), b = new_random(batch, rows, columns);
  sprinkle(&a, index % 3);
  sprinkle(&b, index % 3);
  tensor out = new_tensor(batch, rows, columns);
  detr4j_add p = {.tier = tier, .batch = (int32_t)batch, .rows = rows, .columns = (int32_t)columns, .rows_per_tile = (int32_t)between(1, 5),
                  .a = a.data, .b = b.data, .out = out.data, .a_row_stride = a.row_stride, .a_batch_stride = a.batch_stride,
                  .b_row_stride = b.row_stride, .b_batch_stride = b.batch_stride, .out_row_stride = out.row_stride,
                  .out_batch_stride = out.batch_stride};
  describe("[%d, %lld, %d]", p.batch, (long long)p.rows, p.columns);
  RUN_TILES(detr4j_multiply_f32_tiles(&p), detr4j_multiply_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < columns; c++) {
        // Exact, but that numbers below the normal range count as 0.
        expect_close("out", n, i, c, (double)(row_of(&a, n, i)[c] * row_of(&b, n, i)[c]), row_of(&out, n, i)[c], 2 * FLT_MIN);
      }
    }
  }
}

void test_detr4j_multiply_f32(int32_t tier) { run_cases("multiply", tier, 60, body); }
