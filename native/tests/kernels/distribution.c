#include "harness.h"

static detr4j_distribution parameters(int32_t tier, const tensor *logits, const tensor *out, int64_t bins) {
  return (detr4j_distribution){
      .tier = tier, .bins = (int32_t)bins, .queries_per_tile = (int32_t)between(1, 4), .logits = logits->data, .out = out->data,
      .logits_row_stride = logits->row_stride, .logits_batch_stride = logits->batch_stride, .out_row_stride = out->row_stride,
      .out_batch_stride = out->batch_stride};
}

static double probability(const float *logits, int64_t bins, int64_t bin) {
  double total = 0;
  for (int64_t b = 0; b < bins; b++) total += exp((double)logits[b]);
  return exp((double)logits[bin]) / total;
}

static void boxes(int32_t tier, int index) {
  const int64_t batch = between(1, 2), queries = between(1, 7), bins = extent(index);
  tensor logits = new_random(batch, queries, 4 * bins), start = new_random(batch, queries, 4), out = new_tensor(batch, queries, 4);
  float *worth = new_floats(bins), *scale = new_floats(1);
  scale[0] = index % 2 == 0 ? -4.0f : 8.0f;
  detr4j_distribution p = parameters(tier, &logits, &out, bins);
  p.batch = (int32_t)batch;
  p.queries = (int32_t)queries;
  p.groups = 4;
  p.worth = worth;
  p.scale = scale;
  p.boxes = start.data;
  p.boxes_row_stride = start.row_stride;
  p.boxes_batch_stride = start.batch_stride;
  describe("[%d, %d], %d bins", p.batch, p.queries, p.bins);
  RUN_TILES(detr4j_distance_boxes_f32_tiles(&p), detr4j_distance_boxes_f32(&p, tile));
  check_written("out", &out);
  const double r = fabs((double)scale[0]);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t q = 0; q < queries; q++) {
      double corners[4];
      const float *box = row_of(&start, n, q);
      for (int64_t side = 0; side < 4; side++) {
        double distance = 0;
        for (int64_t b = 0; b < bins; b++) {
          distance += probability(row_of(&logits, n, q) + side * bins, bins, b) * (double)worth[b];
        }
        const double reach = (r / 2 + distance) * (double)box[2 + side % 2] / r;
        corners[side] = (double)box[side % 2] + (side < 2 ? -reach : reach);
      }
      for (int64_t axis = 0; axis < 2; axis++) {
        expect_close("centre", n, q, axis, (corners[axis] + corners[2 + axis]) / 2, row_of(&out, n, q)[axis], 2e-6);
        expect_close("size", n, q, axis, corners[2 + axis] - corners[axis], row_of(&out, n, q)[2 + axis], 2e-6);
      }
    }
  }
}

void test_detr4j_distance_boxes_f32(int32_t tier) { run_cases("distance_boxes", tier, 100, boxes); }

static void top(int32_t tier, int index) {
  const int64_t batch = between(1, 2), queries = between(1, 7), groups = between(1, 5), bins = extent(index);
  const int64_t k = between(1, bins < 6 ? (int)bins : 6);
  tensor logits = new_random(batch, queries, groups * bins), out = new_tensor(batch, queries, groups * (k + 1));
  detr4j_distribution p = parameters(tier, &logits, &out, bins);
  p.batch = (int32_t)batch;
  p.queries = (int32_t)queries;
  p.groups = (int32_t)groups;
  p.k = (int32_t)k;
  describe("[%d, %d], %d groups of %d bins, k %d", p.batch, p.queries, p.groups, p.bins, p.k);
  RUN_TILES(detr4j_top_probabilities_f32_tiles(&p), detr4j_top_probabilities_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t q = 0; q < queries; q++) {
      for (int64_t g = 0; g < groups; g++) {
        const float *group = row_of(&logits, n, q) + g * bins;
        double sum = 0;
        for (int64_t i = 0; i < k; i++) {
          for (int64_t b = 0; b < bins; b++) {
            int64_t rank = 0;
            for (int64_t other = 0; other < bins; other++) {
              rank += group[other] > group[b] || (group[other] == group[b] && other < b);
            }
            if (rank == i) {
              const double expected = probability(group, bins, b);
              sum += expected;
              expect_close("out", n, q, g * (k + 1) + i, expected, row_of(&out, n, q)[g * (k + 1) + i], 1e-6);
            }
          }
        }
        expect_close("mean", n, q, g, sum / (double)k, row_of(&out, n, q)[g * (k + 1) + k], 1e-6);
      }
    }
  }
}

void test_detr4j_top_probabilities_f32(int32_t tier) { run_cases("top_probabilities", tier, 100, top); }
