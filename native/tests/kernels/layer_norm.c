#include "harness.h"

// The residual or the addend may be the output itself: bit 0 of `alias` y = residual, bit 1 y_plus = addend, bit 2 y = addend.
static void body(int32_t tier, int index) {
  const int64_t batch = between(1, 2), rows = between(1, 5), channels = extent(index);
  const int has_residual = chance(2), has_addend = chance(2), alias = (int)between(0, 5);
  tensor x = new_random(batch, rows, channels), residual = new_random(batch, rows, channels), addend = new_random(batch, rows, channels);
  if (index % 4 == 3) {
    sprinkle_not_finite(&x, 1);
  }
  if (index % 5 == 4) { // a mean far from zero
    for (int64_t n = 0; n < batch; n++) {
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t c = 0; c < channels; c++) {
          row_of(&x, n, i)[c] += 100;
        }
      }
    }
  }
  float *weight = new_floats(channels), *bias = new_floats(channels);
  tensor y = new_tensor(batch, rows, channels), y_plus = new_tensor(batch, rows, channels);
  double *expected = guarded((size_t)(batch * rows * channels) * 2 * sizeof(double));
  const double epsilon = (double)1e-5f;
  double spread = 1;
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      double mean = 0, variance = 0;
      for (int pass = 0; pass < 3; pass++) {
        for (int64_t c = 0; c < channels; c++) {
          const float r = has_residual ? row_of(&residual, n, i)[c] : 0;
          const double s = (double)(row_of(&x, n, i)[c] + r);
          if (pass == 0) {
            mean += s / (double)channels;
          } else if (pass == 1) {
            variance += (s - mean) * (s - mean) / (double)channels;
          } else {
            double *e = expected + ((n * rows + i) * channels + c) * 2;
            e[0] = (s - mean) / sqrt(variance + epsilon) * (double)weight[c] + (double)bias[c];
            e[1] = e[0] + (has_addend ? (double)row_of(&addend, n, i)[c] : 0);
          }
        }
      }
      if (fabs(mean) / sqrt(variance + epsilon) > spread) {
        spread = fabs(mean) / sqrt(variance + epsilon);
      }
    }
  }
  tensor *to = has_residual && (alias & 1) ? &residual : has_addend && (alias & 4) ? &addend : &y;
  tensor *to_plus = has_addend && (alias & 2) ? &addend : &y_plus;
  detr4j_layer_norm p = {
      .tier = tier, .batch = (int32_t)batch, .rows = rows, .channels = (int32_t)channels, .rows_per_tile = (int32_t)between(1, 4),
      .epsilon = 1e-5f, .x = x.data, .residual = has_residual ? residual.data : NULL, .addend = has_addend ? addend.data : NULL,
      .weight = weight, .bias = bias, .y = to->data, .y_plus = has_addend ? to_plus->data : NULL,
      .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride,
      .residual_row_stride = residual.row_stride, .residual_batch_stride = residual.batch_stride,
      .addend_row_stride = addend.row_stride, .addend_batch_stride = addend.batch_stride,
      .y_row_stride = to->row_stride, .y_batch_stride = to->batch_stride,
      .y_plus_row_stride = to_plus->row_stride, .y_plus_batch_stride = to_plus->batch_stride};
  describe("[%d, %lld, %d], residual %d, addend %d, alias %d", p.batch, (long long)rows, p.channels, has_residual, has_addend, alias);
  RUN_TILES(detr4j_layer_norm_f32_tiles(&p), detr4j_layer_norm_f32(&p, tile));
  check_written("y", to);
  if (has_addend) {
    check_written("y_plus", to_plus);
  }
  const double tolerance = spread < 1e6 ? 4e-6 + 1e-6 * spread : INFINITY;
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < channels; c++) {
        const double *e = expected + ((n * rows + i) * channels + c) * 2;
        expect_close("y", n, i, c, e[0], row_of(to, n, i)[c], tolerance);
        if (has_addend) {
          expect_close("y_plus", n, i, c, e[1], row_of(to_plus, n, i)[c], tolerance);
        }
      }
    }
  }
}

void test_detr4j_layer_norm_f32(int32_t tier) { run_cases("layer_norm", tier, 120, body); }
