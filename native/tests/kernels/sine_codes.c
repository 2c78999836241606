#include "harness.h"

static const float two_pi = 6.283185307179586f;

static float *new_divisors(int32_t features) {
  float *divisors = new_floats(features);
  for (int32_t i = 0; i < features; i++) {
    divisors[i] = (float)pow(10000, 2.0 * (i / 2) / features);
  }
  return divisors;
}

static double code(float c, const float *divisors, int32_t i) {
  const float angle = c / divisors[i];
  return i % 2 == 0 ? sin((double)angle) : cos((double)angle);
}

static float coordinate(int32_t count, int32_t total, float offset) {
  return ((float)count + offset) / ((float)total + 1e-6f) * two_pi;
}

static void position_body(int32_t tier, int index) {
  const int32_t batch = (int32_t)between(1, 3), height = (int32_t)between(1, 7), width = (int32_t)between(1, 9);
  const int32_t features = 2 * (int32_t)extent(index);
  float *divisors = new_divisors(features), *addend = new_floats(2 * features);
  int32_t *valid = new_ints(2 * batch);
  for (int32_t n = 0; n < batch; n++) {
    valid[2 * n] = (int32_t)between(1, height);
    valid[2 * n + 1] = (int32_t)between(1, width);
  }
  tensor out = new_tensor(batch, (int64_t)height * width, 2 * features);
  detr4j_sine_position p = {.tier = tier, .batch = batch, .height = height, .width = width, .features = features,
                            .offset = chance(2) ? -0.5f : 0, .valid = valid, .divisors = divisors, .addend = chance(2) ? addend : NULL,
                            .out = out.data, .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %d, %d, 2 x %d], offset %g", batch, height, width, features, (double)p.offset);
  RUN_TILES(detr4j_sine_position_f32_tiles(&p), detr4j_sine_position_f32(&p, tile));
  check_written("out", &out);
  for (int32_t n = 0; n < batch; n++) {
    for (int32_t cell = 0; cell < height * width; cell++) {
      const int32_t rows = cell % width < valid[2 * n + 1] ? valid[2 * n] : 0;
      const int32_t columns = cell / width < valid[2 * n] ? valid[2 * n + 1] : 0;
      const int32_t row = cell / width + 1, column = cell % width + 1;
      const float y = coordinate(row < rows ? row : rows, rows, p.offset), x = coordinate(column < columns ? column : columns, columns, p.offset);
      for (int32_t i = 0; i < 2 * features; i++) {
        const double expected = code(i < features ? y : x, divisors, i % features) + (p.addend == NULL ? 0 : (double)addend[i]);
        expect_close("out", n, cell, i, expected, row_of(&out, n, cell)[i], 3e-7);
      }
    }
  }
}

static void proposal_body(int32_t tier, int index) {
  const int64_t batch = between(1, 2), queries = between(1, 9);
  const int32_t features = (int32_t)extent(index);
  float *divisors = new_divisors(features);
  tensor boxes = new_random(batch, queries, 4), out = new_tensor(batch, queries, 4 * features);
  if (index % 3 == 0) {
    sprinkle(&boxes, 3);
    row_of(&boxes, 0, 0)[0] = 159155.0f; // just below and above where the reduction hands over to libm
    row_of(&boxes, 0, 0)[1] = -159150.0f;
  }
  detr4j_proposal_embedding p = {.tier = tier, .batch = (int32_t)batch, .queries = (int32_t)queries, .features = features,
                                 .queries_per_tile = (int32_t)between(1, 5), .divisors = divisors, .boxes = boxes.data, .out = out.data,
                                 .boxes_row_stride = boxes.row_stride, .boxes_batch_stride = boxes.batch_stride,
                                 .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %d, 4 x %d]", p.batch, p.queries, features);
  RUN_TILES(detr4j_proposal_embedding_f32_tiles(&p), detr4j_proposal_embedding_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t q = 0; q < queries; q++) {
      for (int32_t i = 0; i < 4 * features; i++) {
        expect_close("out", n, q, i, code(row_of(&boxes, n, q)[i / features] * two_pi, divisors, i % features), row_of(&out, n, q)[i], 1.5e-7);
      }
    }
  }
}

void test_detr4j_sine_position_f32(int32_t tier) { run_cases("sine_position", tier, 60, position_body); }
void test_detr4j_proposal_embedding_f32(int32_t tier) { run_cases("proposal_embedding", tier, 60, proposal_body); }
