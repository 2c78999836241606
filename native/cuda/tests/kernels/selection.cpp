#include <algorithm>
#include <numeric>

#include "../harness.h"

namespace {

// Whether score a is selected before b, before places decide.
bool greater(float a, float b) { return std::isnan(a) ? !std::isnan(b) : a > b; }

struct Boxes {
  Array<float> boxes, scores, kept_scores;
  Array<int32_t> labels, kept, kept_count;
  detr4j_cuda_nms p{};

  explicit Boxes(int index)
      : boxes(random_numbers(4 * size_of(index))),
        scores(random_numbers(size_of(index))),
        kept_scores(random_numbers(size_of(index))),
        labels(std::vector<int32_t>((size_t)size_of(index))),
        kept(std::vector<int32_t>((size_t)size_of(index))),
        kept_count(std::vector<int32_t>(1)) {
    p.count = size_of(index);
    p.sigma = 0.5f, p.iou_threshold = uniform(0.2f, 0.7f), p.score_threshold = 0.05f;
    for (int i = 0; i < p.count; i++) {
      float* b = &boxes.host[(size_t)(4 * i)];
      b[0] = uniform(-5, 60), b[1] = uniform(-5, 60);
      b[2] = b[0] + (chance(9) ? 0 : uniform(5, 60)), b[3] = b[1] + (chance(9) ? 0 : uniform(5, 60));
      scores.host[(size_t)i] = chance(5) ? 0.5f : uniform(0, 1);
      labels.host[(size_t)i] = between(0, 2);
    }
    if (index % 6 == 5 && p.count > 2) scores.host[0] = NAN, scores.host[1] = INFINITY, scores.host[2] = -INFINITY;
  }
  static int size_of(int index) { return index == 0 ? 0 : index < 40 ? index : 60 * (index % 9); }

  void put() {
    expect_ok(detr4j_cuda_upload(queue(), boxes.on_device(), boxes.host.data(), 16 * (int64_t)p.count));
    expect_ok(detr4j_cuda_upload(queue(), scores.on_device(), scores.host.data(), 4 * (int64_t)p.count));
    expect_ok(detr4j_cuda_upload(queue(), labels.on_device(), labels.host.data(), 4 * (int64_t)p.count));
    p.boxes = boxes.on_device(), p.scores = scores.on_device(), p.labels = labels.on_device();
    p.kept_scores = kept_scores.on_device(), p.kept = kept.on_device(), p.kept_count = kept_count.on_device();
  }
  void get() { kept_scores.fetch_results(), kept.fetch_results(), kept_count.fetch_results(); }

  // In fp32, as the contract says.
  float iou(int a, int b) const {
    float largest = -INFINITY;
    for (const float c : boxes.host) largest = std::max(largest, c);
    float box[2][4];
    for (int i = 0; i < 4; i++) {
      box[0][i] = boxes.host[(size_t)(4 * a + i)] + (float)labels.host[(size_t)a] * (largest + 1);
      box[1][i] = boxes.host[(size_t)(4 * b + i)] + (float)labels.host[(size_t)b] * (largest + 1);
    }
    const float width = std::max(0.0f, std::min(box[0][2], box[1][2]) - std::max(box[0][0], box[1][0]));
    const float height = std::max(0.0f, std::min(box[0][3], box[1][3]) - std::max(box[0][1], box[1][1]));
    const float area_a = (box[0][2] - box[0][0]) * (box[0][3] - box[0][1]), area_b = (box[1][2] - box[1][0]) * (box[1][3] - box[1][1]);
    return width * height / (area_a + area_b - width * height);
  }
};

}  // namespace

void test_top_k(int index) {
  const int batch = between(1, 2), rows = index % 9 == 8 ? between(500, 1500) : index + 1, columns = between(1, 5);
  Tensor x(Tensor::RANDOM, batch, rows, columns);
  if (index % 3 == 1) {  // ties
    for (int n = 0; n < batch; n++) {
      for (int i = 0; i < rows * columns; i++) x.at(n, i / columns, i % columns) = (float)between(-2, 2) * (chance(2) ? 0.25f : 0.0f);
    }
    x.upload();
  }
  if (index % 4 == 3) x.sprinkle(5);
  detr4j_cuda_top_k p{};
  p.batch = batch, p.rows = rows, p.columns = columns, p.k = between(1, std::min(rows * columns, 400));
  if (index % 5 == 0) p.k = std::min(rows * columns, 400);
  Array<float> values(random_numbers((int64_t)batch * p.k));
  Array<int32_t> indices(std::vector<int32_t>((size_t)(batch * p.k)));
  describe("%d of [%d, %d, %d]", p.k, batch, rows, columns);
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.values = values.on_device(), p.indices = indices.on_device();
  expect_ok(detr4j_cuda_top_k_f32(queue(), &p));
  values.fetch_results(), indices.fetch_results();
  for (int n = 0; n < batch; n++) {
    std::vector<int> order((size_t)(rows * columns));
    std::iota(order.begin(), order.end(), 0);
    auto score = [&](int i) { return x.at(n, i / columns, i % columns); };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return greater(score(a), score(b)); });
    for (int i = 0; i < p.k; i++) {
      expect_equal("indices", n * p.k + i, order[(size_t)i], indices.host[(size_t)(n * p.k + i)]);
      expect_close("values", n, i, 0, (double)score(order[(size_t)i]), values.host[(size_t)(n * p.k + i)], 0);
    }
  }
}

void test_gather(int index) {
  const int batch = between(1, 2), rows = between(1, 30), columns = index + 1, k = between(1, 20);
  Tensor x(Tensor::RANDOM, batch, rows, columns), out(Tensor::OUTPUT, batch, k, columns);
  std::vector<int32_t> numbers;
  for (int i = 0; i < batch * k; i++) numbers.push_back(chance(9) ? (chance(2) ? -1 : rows) : between(0, rows - 1));
  Array<int32_t> indices(numbers);
  describe("%d of [%d, %d, %d]", k, batch, rows, columns);
  detr4j_cuda_gather p{};
  p.batch = batch, p.rows = rows, p.columns = columns, p.k = k, p.indices = indices.on_device();
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_gather_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < batch; n++) {
    for (int i = 0; i < k; i++) {
      const int row = numbers[(size_t)(n * k + i)];
      for (int c = 0; c < columns; c++) {
        expect_close("out", n, i, c, row >= 0 && row < rows ? (double)x.at(n, row, c) : (double)NAN, out.at(n, i, c), 0);
      }
    }
  }
}

void test_nms(int index) {
  Boxes b(index);
  b.put();
  describe("%d boxes, threshold %g", b.p.count, (double)b.p.iou_threshold);
  expect_ok(detr4j_cuda_nms_f32(queue(), &b.p));
  b.get();
  std::vector<int> order((size_t)b.p.count), kept;
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return greater(b.scores.host[(size_t)i], b.scores.host[(size_t)j]); });
  for (const int i : order) {
    if (std::none_of(kept.begin(), kept.end(), [&](int j) { return b.iou(i, j) > b.p.iou_threshold; })) kept.push_back(i);
  }
  expect_equal("kept_count", 0, (int64_t)kept.size(), b.kept_count.host[0]);
  for (size_t i = 0; i < kept.size(); i++) expect_equal("kept", (int64_t)i, kept[i], b.kept.host[i]);
}

void test_soft_nms(int index) {
  Boxes b(index);
  b.p.decay = index % 3;
  b.put();
  describe("%d boxes, decay %d", b.p.count, b.p.decay);
  expect_ok(detr4j_cuda_soft_nms_f32(queue(), &b.p));
  b.get();
  std::vector<float> left = b.scores.host;
  const bool gaussian = b.p.decay == DETR4J_CUDA_DECAY_GAUSSIAN;
  int kept = 0;
  for (;; kept++) {
    int best = -1;
    for (int i = 0; i < b.p.count; i++) {
      const float s = left[(size_t)i];
      if (gaussian && s != b.scores.host[(size_t)i] && std::fabs(s - b.p.score_threshold) < 1e-6f) return;  // rounding decides
      if (s > b.p.score_threshold && (best < 0 || s > left[(size_t)best])) best = i;
    }
    if (best < 0) break;
    if (kept >= b.kept_count.host[0]) fail("kept_count is %d, but box %d is left", kept, best);
    const int actual = b.kept.host[(size_t)kept];
    if (gaussian && actual != best && std::fabs(left[(size_t)actual] - left[(size_t)best]) < 2e-6f) best = actual;  // closer than their rounding
    expect_equal("kept", kept, best, actual);
    expect_close("kept_scores", 0, 0, kept, (double)left[(size_t)best], b.kept_scores.host[(size_t)kept], gaussian ? 3e-6 : 0);
    left[(size_t)best] = -INFINITY;
    for (int i = 0; i < b.p.count; i++) {
      if (left[(size_t)i] == -INFINITY) continue;
      const float overlap = b.iou(best, i);
      float factor = 1;
      if (gaussian) {
        factor = (float)std::exp(-(double)(overlap * overlap / b.p.sigma));
      } else if (overlap > b.p.iou_threshold) {
        factor = b.p.decay == DETR4J_CUDA_DECAY_LINEAR ? 1 - overlap : 0;
      }
      left[(size_t)i] *= factor;
      if (!(left[(size_t)i] > b.p.score_threshold)) left[(size_t)i] = -INFINITY;
    }
  }
  expect_equal("kept_count", 0, kept, b.kept_count.host[0]);
}
