#include "harness.h"

typedef struct fixture {
  tensor x, y;
  float *weight, *bias;
  double *workspace;
  detr4j_global_response_norm p;
} fixture;

static fixture make(int32_t tier, int index) {
  const int64_t batch = between(1, 2), rows = between(1, index % 7 == 0 ? 300 : 20);
  const int64_t channels = index < 40 ? index + 1 : between(1, 200);
  fixture f = {.x = new_random(batch, rows, channels), .y = new_tensor(batch, rows, channels)};
  f.weight = new_floats(channels);
  f.bias = new_floats(channels);
  f.p = (detr4j_global_response_norm){
      .tier = tier, .batch = (int32_t)batch, .rows = rows, .channels = (int32_t)channels,
      .rows_per_tile = (int32_t)between(1, rows + 3), .epsilon = 1e-6f, .x = f.x.data, .weight = f.weight, .bias = f.bias,
      .y = f.y.data, .x_row_stride = f.x.row_stride, .x_batch_stride = f.x.batch_stride, .y_row_stride = f.y.row_stride,
      .y_batch_stride = f.y.batch_stride};
  f.workspace = guarded_scratch(detr4j_global_response_norm_f32_workspace(&f.p));
  f.p.workspace = f.workspace;
  describe("[%d, %lld, %d], %d rows a tile", f.p.batch, (long long)rows, f.p.channels, f.p.rows_per_tile);
  return f;
}

static double squares(const fixture *f, int64_t n, int64_t begin, int64_t end, int64_t c) {
  double sum = 0;
  for (int64_t i = begin; i < end; i++) {
    const double v = (double)row_of(&f->x, n, i)[c];
    sum += v * v;
  }
  return sum;
}

static void statistics_body(int32_t tier, int index) {
  fixture f = make(tier, index);
  RUN_TILES(detr4j_global_response_norm_f32_tiles(&f.p), detr4j_global_response_norm_f32_statistics(&f.p, tile));
  const int64_t tiles = (f.p.rows + f.p.rows_per_tile - 1) / f.p.rows_per_tile;
  for (int64_t n = 0; n < f.p.batch; n++) {
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t begin = t * f.p.rows_per_tile, end = begin + f.p.rows_per_tile < f.p.rows ? begin + f.p.rows_per_tile : f.p.rows;
      for (int64_t c = 0; c < f.p.channels; c++) {
        const double sum = squares(&f, n, begin, end, c);
        expect_close("squares", n, t, c, sum, (float)f.workspace[(n * tiles + t) * f.p.channels + c], 2e-6 * sum);
      }
    }
  }
}

static void apply_body(int32_t tier, int index) {
  fixture f = make(tier, index);
  RUN_TILES(detr4j_global_response_norm_f32_tiles(&f.p), detr4j_global_response_norm_f32_statistics(&f.p, tile));
  RUN_TILES(detr4j_global_response_norm_f32_tiles(&f.p), detr4j_global_response_norm_f32_apply(&f.p, tile));
  check_written("y", &f.y);
  for (int64_t n = 0; n < f.p.batch; n++) {
    double mean = 0;
    for (int64_t c = 0; c < f.p.channels; c++) {
      mean += sqrt(squares(&f, n, 0, f.p.rows, c)) / (double)f.p.channels;
    }
    for (int64_t c = 0; c < f.p.channels; c++) {
      const double response = sqrt(squares(&f, n, 0, f.p.rows, c)) / (mean + (double)f.p.epsilon);
      for (int64_t i = 0; i < f.p.rows; i++) {
        const double x = (double)row_of(&f.x, n, i)[c];
        const double y = x + (double)f.weight[c] * response * x + (double)f.bias[c];
        expect_close("y", n, i, c, y, row_of(&f.y, n, i)[c], 2e-6 * (1 + fabs(x) * (1 + response)));
      }
    }
  }
}

void test_detr4j_global_response_norm_f32_statistics(int32_t tier) { run_cases("global_response_norm_statistics", tier, 60, statistics_body); }
void test_detr4j_global_response_norm_f32_apply(int32_t tier) { run_cases("global_response_norm_apply", tier, 60, apply_body); }
