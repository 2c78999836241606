#include <algorithm>
#include <numeric>

#include "../harness.h"

namespace {

struct Images {
  Tensor logits, boxes;
  Array<float> extents, corners, scores;
  Array<int32_t> labels, owners, finite;
  detr4j_cuda_selection p{};

  Images(int index, int batch, int queries, int classes, int k)
      : logits(Tensor::RANDOM, batch, queries, classes),
        boxes(Tensor::RANDOM, batch, queries, 4),
        extents(random_numbers(2 * batch)),
        corners(random_numbers(4 * (int64_t)batch * k)),
        scores(random_numbers((int64_t)batch * k)),
        labels(std::vector<int32_t>((size_t)(batch * k))),
        owners(std::vector<int32_t>((size_t)(batch * k))),
        finite(std::vector<int32_t>((size_t)batch)) {
    p.batch = batch, p.queries = queries, p.classes = classes, p.k = k;
    for (int n = 0; n < batch; n++) {
      extents.host[(size_t)(2 * n)] = (float)between(1, 900), extents.host[(size_t)(2 * n + 1)] = (float)between(1, 900);
      for (int q = 0; q < queries; q++) {
        for (int c = 0; c < classes; c++) logits.at(n, q, c) = index % 3 == 1 ? (float)between(-2, 2) : uniform(-9, 9);
        for (int c = 0; c < 4; c++) boxes.at(n, q, c) = c < 2 ? uniform(-0.2f, 1.2f) : chance(6) ? 0.0f : uniform(0, 0.5f);
      }
    }
    logits.upload(), boxes.upload();
    if (index % 4 == 3) logits.sprinkle(3);
    if (index % 8 == 5) boxes.sprinkle(3);
  }

  void put() {
    expect_ok(detr4j_cuda_upload(queue(), extents.on_device(), extents.host.data(), 8 * (int64_t)p.batch));
    p.logits = logits.on_device(), p.logits_row_stride = logits.row_stride, p.logits_batch_stride = logits.batch_stride;
    p.boxes = boxes.on_device(), p.boxes_row_stride = boxes.row_stride, p.boxes_batch_stride = boxes.batch_stride;
    p.extents = extents.on_device(), p.corners = corners.on_device(), p.scores = scores.on_device();
    p.labels = labels.on_device(), p.owners = owners.on_device(), p.finite = finite.on_device();
    describe("%d of [%d, %d, %d], edges %d", p.k, p.batch, p.queries, p.classes, p.edges);
  }

  struct Entry {
    int query, label;
    double score;  // NaN where it is no detection
  };

  float corner(int n, int query, int c) {
    const int axis = c % 2;
    const float half = 0.5f * boxes.at(n, query, 2 + axis), centre = boxes.at(n, query, axis), extent = extents.host[(size_t)(2 * n + axis)];
    const float pixels = (c < 2 ? centre - half : centre + half) * extent;
    if (p.edges == DETR4J_CUDA_EDGES_KEPT || std::isnan(pixels)) return pixels;
    return std::max(0.0f, std::min(pixels, extent));
  }

  void compare(int n, const std::vector<Entry>& entries) {
    int first = -1;
    std::vector<bool> detection;
    for (const Entry& e : entries) {
      const bool empty = p.edges == DETR4J_CUDA_EDGES_CLIPPED_AND_EMPTY_DROPPED &&
                         !(corner(n, e.query, 2) - corner(n, e.query, 0) > 0 && corner(n, e.query, 3) - corner(n, e.query, 1) > 0);
      detection.push_back(!std::isnan(e.score) && !empty);
      if (first < 0 && detection.back()) first = (int)detection.size() - 1;
    }
    for (int i = 0; i < p.k; i++) {
      const Entry& e = entries[(size_t)i];
      const bool is = detection[(size_t)i];
      const size_t at = (size_t)(n * p.k + i);
      expect_equal("labels", (int64_t)at, is ? e.label : 0, labels.host[at]);
      expect_equal("owners", (int64_t)at, is ? e.query : 0, owners.host[at]);
      // Both round the same double, but for its last places: exact unless it lies between two floats.
      const double score = is ? e.score : -INFINITY;
      expect_close("scores", n, 0, i, is ? (double)(float)score : score, scores.host[at], is ? score * 0x1p-23 : 0);
      for (int c = 0; c < 4; c++) {
        const int query = is ? e.query : first < 0 ? -1 : entries[(size_t)first].query;
        expect_close("corners", n, i, c, query < 0 ? 0.0 : (double)corner(n, query, c), corners.host[4 * at + (size_t)c], 0);
      }
    }
    bool all = true;
    for (int q = 0; q < p.queries; q++) {
      for (int c = 0; c < p.classes; c++) all = all && std::isfinite(logits.at(n, q, c));
      for (int c = 0; c < 4; c++) all = all && std::isfinite(boxes.at(n, q, c));
    }
    expect_equal("finite", n, all, finite.host[(size_t)n]);
  }

  void get() { corners.fetch_results(), scores.fetch_results(), labels.fetch_results(), owners.fetch_results(), finite.fetch_results(); }
};

}  // namespace

void test_select_ranked(int index) {
  const int queries = index % 9 == 8 ? between(300, 900) : extent(index), classes = between(1, 9);
  const int k = index % 5 == 0 ? std::min(queries * classes, 400) : between(1, std::min(queries * classes, 300));
  Images images(index, between(1, 2), queries, classes, k);
  images.p.first_label = between(0, 1), images.p.edges = index % 3;
  images.put();
  expect_ok(detr4j_cuda_select_ranked_f32(queue(), &images.p));
  images.get();
  for (int n = 0; n < images.p.batch; n++) {
    auto logit = [&](int i) { return images.logits.at(n, i / classes, i % classes); };
    std::vector<int> order((size_t)(queries * classes));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return std::isnan(logit(a)) ? !std::isnan(logit(b)) : logit(a) > logit(b); });
    std::vector<Images::Entry> entries;
    for (int i = 0; i < k; i++) {
      const int at = order[(size_t)i];
      entries.push_back({at / classes, images.p.first_label + at % classes, 1 / (1 + std::exp(-(double)logit(at)))});
    }
    images.compare(n, entries);
  }
}

void test_select_best_classes(int index) {
  const int queries = index % 9 == 8 ? between(100, 300) : between(1, 40), classes = extent(index) + 1;
  Images images(index, between(1, 2), queries, classes, queries);
  images.p.only_classes = index % 2;
  images.put();
  expect_ok(detr4j_cuda_select_best_classes_f32(queue(), &images.p));
  images.get();
  for (int n = 0; n < images.p.batch; n++) {
    std::vector<Images::Entry> entries;
    for (int q = 0; q < queries; q++) {
      int best = 0;
      float largest = -INFINITY;
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        if (c < classes - 1 && images.logits.at(n, q, c) > images.logits.at(n, q, best)) best = c;
        largest = std::max(largest, images.logits.at(n, q, c));
      }
      for (int c = 0; c < classes; c++) sum += std::exp((double)(images.logits.at(n, q, c) - largest));
      const float of_best = images.logits.at(n, q, best);
      const bool dropped = images.p.only_classes && images.logits.at(n, q, classes - 1) > of_best;
      entries.push_back({q, best, dropped ? (double)NAN : std::exp((double)(of_best - largest)) / sum});
    }
    images.compare(n, entries);
  }
}
