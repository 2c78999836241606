#include "harness.h"

typedef struct fixture {
  tensor x, y;
  float *weight, *bias;
  double *workspace;
  detr4j_group_norm p;
} fixture;

static fixture make(int32_t tier, int index) {
  const int64_t batch = between(1, 2), rows = between(1, index % 7 == 0 ? 300 : 20), groups = between(1, 9);
  const int64_t channels = groups * (index < 40 ? index % 13 + 1 : between(1, 20));
  fixture f = {.x = new_random(batch, rows, channels), .y = new_tensor(batch, rows, channels)};
  const float centre = index % 3 == 0 ? 50.0f : 0.5f;
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < channels; c++) {
        row_of(&f.x, n, i)[c] += centre;
      }
    }
  }
  f.weight = new_floats(channels);
  f.bias = new_floats(channels);
  f.p = (detr4j_group_norm){
      .tier = tier, .batch = (int32_t)batch, .rows = rows, .channels = (int32_t)channels, .groups = (int32_t)groups,
      .rows_per_tile = (int32_t)between(1, rows + 3), .epsilon = 1e-5f, .x = f.x.data, .weight = f.weight, .bias = f.bias,
      .y = f.y.data, .x_row_stride = f.x.row_stride, .x_batch_stride = f.x.batch_stride, .y_row_stride = f.y.row_stride,
      .y_batch_stride = f.y.batch_stride};
  f.workspace = guarded_scratch(detr4j_group_norm_f32_workspace(&f.p));
  f.p.workspace = f.workspace;
  describe("[%d, %lld, %d], %d groups, %d rows a tile", f.p.batch, (long long)rows, f.p.channels, f.p.groups, f.p.rows_per_tile);
  return f;
}

// Mean and sum of squared deviations of rows begin .. end of one group.
static void moments(const fixture *f, int64_t n, int64_t begin, int64_t end, int64_t group, double *mean, double *m2) {
  const int64_t width = f->p.channels / f->p.groups;
  *mean = *m2 = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t c = group * width; c < (group + 1) * width; c++) {
        const double v = (double)row_of(&f->x, n, i)[c];
        if (pass == 0) {
          *mean += v / (double)((end - begin) * width);
        } else {
          *m2 += (v - *mean) * (v - *mean);
        }
      }
    }
  }
}

static void statistics_body(int32_t tier, int index) {
  fixture f = make(tier, index);
  RUN_TILES(detr4j_group_norm_f32_tiles(&f.p), detr4j_group_norm_f32_statistics(&f.p, tile));
  const int64_t tiles = (f.p.rows + f.p.rows_per_tile - 1) / f.p.rows_per_tile;
  for (int64_t n = 0; n < f.p.batch; n++) {
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t begin = t * f.p.rows_per_tile, end = begin + f.p.rows_per_tile < f.p.rows ? begin + f.p.rows_per_tile : f.p.rows;
      for (int64_t g = 0; g < f.p.groups; g++) {
        double mean, m2;
        moments(&f, n, begin, end, g, &mean, &m2);
        const double *pair = f.workspace + ((n * tiles + t) * f.p.groups + g) * 2;
        expect_close("mean", n, t, g, mean, (float)pair[0], 1e-6 * (1 + fabs(mean)));
        expect_close("m2", n, t, g, m2, (float)pair[1], 1e-5 * (1 + m2));
      }
    }
  }
}

static void apply_body(int32_t tier, int index) {
  fixture f = make(tier, index);
  RUN_TILES(detr4j_group_norm_f32_tiles(&f.p), detr4j_group_norm_f32_statistics(&f.p, tile));
  RUN_TILES(detr4j_group_norm_f32_tiles(&f.p), detr4j_group_norm_f32_apply(&f.p, tile));
  check_written("y", &f.y);
  const int64_t width = f.p.channels / f.p.groups;
  for (int64_t n = 0; n < f.p.batch; n++) {
    for (int64_t g = 0; g < f.p.groups; g++) {
      double mean, m2;
      moments(&f, n, 0, f.p.rows, g, &mean, &m2);
      const double scale = 1 / sqrt(m2 / (double)(f.p.rows * width) + (double)f.p.epsilon);
      for (int64_t i = 0; i < f.p.rows; i++) {
        for (int64_t c = g * width; c < (g + 1) * width; c++) {
          const double y = ((double)row_of(&f.x, n, i)[c] - mean) * scale * (double)f.weight[c] + (double)f.bias[c];
          expect_close("y", n, i, c, y, row_of(&f.y, n, i)[c], 3e-6 + 3e-7 * fabs(mean) * scale);
        }
      }
    }
  }
}

void test_detr4j_group_norm_f32_statistics(int32_t tier) { run_cases("group_norm_statistics", tier, 60, statistics_body); }
void test_detr4j_group_norm_f32_apply(int32_t tier) { run_cases("group_norm_apply", tier, 60, apply_body); }
