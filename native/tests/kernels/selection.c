#include "harness.h"

static void top_k_body(int32_t tier, int index) {
  const int64_t batch = between(1, 3), rows = between(1, 60), columns = extent(index) % 50 + 1;
  const int32_t k = (int32_t)between(0, rows * columns);
  tensor x = new_random(batch, rows, columns);
  if (index % 2 == 0) { // many ties, zeros of both signs
    for (int64_t n = 0; n < batch; n++) {
      for (int64_t i = 0; i < rows * columns; i++) {
        float *v = row_of(&x, n, i / columns) + i % columns;
        *v = rintf(*v * 3);
      }
    }
  }
  sprinkle(&x, (int)between(0, 9));
  float *values = new_floats(batch * k);
  int32_t *indices = new_ints(batch * k);
  detr4j_top_k p = {.tier = tier, .batch = (int32_t)batch, .rows = rows, .columns = (int32_t)columns, .k = k, .x = x.data,
                    .values = values, .indices = indices, .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride};
  describe("[%d, %lld, %d], k = %d", p.batch, (long long)rows, p.columns, k);
  RUN_TILES(batch, detr4j_top_k_f32(&p, tile));
  uint8_t *taken = guarded((size_t)(rows * columns));
  for (int64_t n = 0; n < batch; n++) {
    memset(taken, 0, (size_t)(rows * columns));
    for (int64_t rank = 0; rank < k; rank++) {
      int64_t best = -1;
      float best_score = 0;
      for (int64_t i = 0; i < rows * columns; i++) {
        const float v = row_of(&x, n, i / columns)[i % columns];
        if (!taken[i] && (best < 0 || (isnan(v) && !isnan(best_score)) || v > best_score)) {
          best = i;
          best_score = v;
        }
      }
      taken[best] = 1;
      expect_int("index", n * k + rank, best, indices[n * k + rank]);
      expect_close("value", 0, n, rank, (double)best_score, values[n * k + rank], 0);
    }
  }
  p.k = (int32_t)(rows * columns + 1);
  expect_int("status with too large a k", 0, DETR4J_ERROR_ARGUMENT, detr4j_top_k_f32(&p, 0));
}

static void gather_body(int32_t tier, int index) {
  const int64_t batch = between(1, 3), rows = between(1, 30), columns = extent(index), k = between(1, 40);
  tensor x = new_random(batch, rows, columns), out = new_tensor(batch, k, columns);
  int32_t *indices = new_ints(batch * k);
  for (int64_t i = 0; i < batch * k; i++) {
    indices[i] = (int32_t)between(0, rows - 1);
  }
  detr4j_gather p = {.tier = tier, .batch = (int32_t)batch, .rows = rows, .columns = (int32_t)columns, .k = (int32_t)k, .x = x.data,
                     .indices = indices, .out = out.data, .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride,
                     .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %lld, %d], k = %d", p.batch, (long long)rows, p.columns, p.k);
  RUN_TILES(batch, detr4j_gather_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < k; i++) {
      for (int64_t c = 0; c < columns; c++) {
        expect_close("out", n, i, c, (double)row_of(&x, n, indices[n * k + i])[c], row_of(&out, n, i)[c], 0);
      }
    }
  }
  indices[batch * k - 1] = chance(2) ? -1 : (int32_t)rows;
  expect_int("status of an index outside", 0, DETR4J_ERROR_ARGUMENT, detr4j_gather_f32(&p, batch - 1));
}

// ---- nms ----

typedef struct fixture {
  detr4j_nms p;
  float *boxes, *scores, *kept_scores;
  int32_t *labels, *kept, *kept_count;
  void *scratch;
  float *shifted; // the boxes as they are compared
} fixture;

static fixture make_boxes(int32_t tier, int index) {
  fixture f = {.p = {.tier = tier}};
  const int64_t count = index < 41 ? index : between(41, 130);
  f.boxes = new_floats(4 * count);
  f.scores = new_floats(count);
  f.kept_scores = new_floats(count);
  f.labels = new_ints(count);
  f.kept = new_ints(count);
  f.kept_count = new_ints(1);
  f.shifted = new_floats(4 * count);
  const int grid = index % 3 == 0; // ties of scores and of boxes
  float largest = -INFINITY;
  for (int64_t i = 0; i < count; i++) {
    float *box = f.boxes + 4 * i;
    for (int c = 0; c < 4; c++) {
      box[c] = c < 2 ? uniform(-10, 60) : box[c - 2] + uniform(0, 40);
      box[c] = grid ? rintf(box[c] / 16) * 16 : box[c];
      largest = box[c] > largest ? box[c] : largest;
    }
    f.scores[i] = grid ? (float)between(0, 8) / 8 : uniform(0, 1);
    f.labels[i] = (int32_t)between(0, index % 5);
    if (chance(40)) {
      f.scores[i] = NAN;
    }
  }
  for (int64_t i = 0; i < 4 * count; i++) {
    f.shifted[i] = f.boxes[i] + (float)f.labels[i / 4] * (largest + 1);
  }
  const float thresholds[] = {0.3f, 0.5f, 0.0f, 0.7f};
  f.p.count = (int32_t)count;
  f.p.sigma = chance(2) ? 0.5f : 0.25f;
  f.p.iou_threshold = thresholds[between(0, 3)];
  f.p.score_threshold = chance(2) ? 0.001f : 0.1f;
  f.p.boxes = f.boxes;
  f.p.scores = f.scores;
  f.p.labels = f.labels;
  f.p.kept_scores = f.kept_scores;
  f.p.kept = f.kept;
  f.p.kept_count = f.kept_count;
  f.scratch = guarded_scratch(detr4j_nms_f32_scratch(&f.p));
  return f;
}

static float iou(const fixture *f, int64_t i, int64_t j) {
  const float *a = f->shifted + 4 * i, *b = f->shifted + 4 * j;
  const float width = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), height = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
  const float common = (width > 0 ? width : 0) * (height > 0 ? height : 0);
  const float area_a = (a[2] - a[0]) * (a[3] - a[1]), area_b = (b[2] - b[0]) * (b[3] - b[1]);
  return common / (area_a + area_b - common);
}

static void nms_body(int32_t tier, int index) {
  fixture f = make_boxes(tier, index);
  const int64_t count = f.p.count;
  describe("%lld boxes, threshold %g", (long long)count, (double)f.p.iou_threshold);
  expect_int("status", 0, DETR4J_OK, detr4j_nms_f32(&f.p, f.scratch));
  uint8_t *gone = guarded((size_t)count);
  memset(gone, 0, (size_t)count);
  int32_t kept = 0;
  for (;;) {
    int64_t best = -1;
    for (int64_t i = 0; i < count; i++) {
      if (!gone[i] && (best < 0 || (isnan(f.scores[i]) && !isnan(f.scores[best])) || f.scores[i] > f.scores[best])) {
        best = i;
      }
    }
    if (best < 0) {
      break;
    }
    gone[best] = 1;
    expect_int("kept", kept, best, f.kept[kept]);
    kept++;
    for (int64_t i = 0; i < count; i++) {
      gone[i] |= iou(&f, best, i) > f.p.iou_threshold;
    }
  }
  expect_int("kept_count", 0, kept, *f.kept_count);
}

static float decay(const fixture *f, float overlap) {
  if (f->p.decay == DETR4J_DECAY_GAUSSIAN) {
    return (float)exp(-(double)(overlap * overlap / f->p.sigma));
  }
  return overlap > f->p.iou_threshold ? (f->p.decay == DETR4J_DECAY_LINEAR ? 1 - overlap : 0) : 1;
}

static void soft_nms_body(int32_t tier, int index) {
  fixture f = make_boxes(tier, index);
  const int64_t count = f.p.count;
  f.p.decay = index % 4 % 3;
  describe("%lld boxes, decay %d, threshold %g", (long long)count, f.p.decay, (double)f.p.iou_threshold);
  expect_int("status", 0, DETR4J_OK, detr4j_soft_nms_f32(&f.p, f.scratch));
  float *left = new_floats(count);
  uint8_t *gone = guarded((size_t)count);
  for (int64_t i = 0; i < count; i++) {
    left[i] = f.scores[i];
    gone[i] = 0;
  }
  int32_t kept = 0;
  for (;;) {
    int64_t best = -1;
    for (int64_t i = 0; i < count; i++) {
      if (f.p.decay == DETR4J_DECAY_GAUSSIAN && !gone[i] && fabsf(left[i] - f.p.score_threshold) < 1e-6f && left[i] != f.scores[i]) {
        return; // a decayed score on the edge: rounding decides
      }
      gone[i] |= !(left[i] > f.p.score_threshold);
      if (!gone[i] && (best < 0 || left[i] > left[best])) {
        best = i;
      }
    }
    if (best < 0) {
      break;
    }
    if (kept >= *f.kept_count) {
      fail("kept_count is %d, but box %lld is left", *f.kept_count, (long long)best);
    }
    const int32_t actual = f.kept[kept];
    if (actual != best && f.p.decay == DETR4J_DECAY_GAUSSIAN && !gone[actual] && fabsf(left[actual] - left[best]) < 2e-6f * left[best]) {
      best = actual; // two decayed scores closer than their rounding
    }
    expect_int("kept", kept, best, actual);
    expect_close("kept_scores", 0, 0, kept, (double)left[best], f.kept_scores[kept],
                 f.p.decay == DETR4J_DECAY_GAUSSIAN ? 3e-6 * (double)left[best] : 0);
    kept++;
    gone[best] = 1;
    for (int64_t i = 0; i < count; i++) {
      left[i] *= gone[i] ? 1 : decay(&f, iou(&f, best, i));
    }
  }
  expect_int("kept_count", 0, kept, *f.kept_count);
}

// The published vectors of birder's own tests.
static void known_body(int32_t tier, int index) {
  (void)index;
  describe("known values");
  const float boxes[16] = {10, 10, 30, 30, 20, 20, 40, 40, 50, 50, 70, 70, 15, 15, 35, 35}, scores[4] = {.9f, .8f, .7f, .85f};
  const int32_t labels[4] = {0, 0, 1, 0};
  const double expected[4] = {0.9, 0.7680044, 0.7, 0.4607060};
  float kept_scores[4];
  int32_t kept[4], kept_count;
  detr4j_nms p = {.tier = tier, .count = 4, .sigma = .5f, .score_threshold = .001f, .boxes = boxes, .scores = scores, .labels = labels,
                  .kept_scores = kept_scores, .kept = kept, .kept_count = &kept_count};
  expect_int("status", 0, DETR4J_OK, detr4j_soft_nms_f32(&p, guarded_scratch(detr4j_nms_f32_scratch(&p))));
  expect_int("kept_count", 0, 4, kept_count);
  for (int i = 0; i < 4; i++) {
    expect_close("kept_scores of the same boxes by box", 0, 0, kept[i], expected[i], kept_scores[i], 1e-6);
  }
}

void test_detr4j_top_k_f32(int32_t tier) { run_cases("top_k", tier, 60, top_k_body); }
void test_detr4j_gather_f32(int32_t tier) { run_cases("gather", tier, 60, gather_body); }
void test_detr4j_nms_f32(int32_t tier) { run_cases("nms", tier, 120, nms_body); }
void test_detr4j_soft_nms_f32(int32_t tier) {
  run_cases("soft_nms known", tier, 1, known_body);
  run_cases("soft_nms", tier, 160, soft_nms_body);
}
