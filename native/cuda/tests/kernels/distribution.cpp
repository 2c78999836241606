#include <algorithm>

#include "../harness.h"

namespace {

// The probabilities of one group of logits.
std::vector<double> softmax(Tensor& logits, int item, int row, int first, int bins) {
  double largest = -INFINITY, total = 0;
  for (int b = 0; b < bins; b++) largest = std::fmax(largest, (double)logits.at(item, row, first + b));
  std::vector<double> p;
  for (int b = 0; b < bins; b++) p.push_back(std::exp((double)logits.at(item, row, first + b) - largest));
  for (double v : p) total += v;
  for (double& v : p) v /= total;  // a NaN or an infinity among the logits is in the total
  return p;
}

}  // namespace

void test_distance_boxes(int index) {
  detr4j_cuda_distribution p{};
  p.batch = between(1, 2), p.queries = between(1, 20), p.groups = 4, p.bins = extent(index);
  Tensor logits(Tensor::RANDOM, p.batch, p.queries, 4 * p.bins), boxes(Tensor::RANDOM, p.batch, p.queries, 4), out(Tensor::OUTPUT, p.batch, p.queries, 4);
  if (index % 4 == 3) logits.sprinkle(2), boxes.sprinkle(1);
  Array<float> worth(random_numbers(p.bins)), scale(std::vector<float>{uniform(2, 5) * (chance(2) ? 1.0f : -1.0f)});
  describe("[%d, %d] of %d bins", p.batch, p.queries, p.bins);
  p.logits = logits.on_device(), p.logits_row_stride = logits.row_stride, p.logits_batch_stride = logits.batch_stride;
  p.boxes = boxes.on_device(), p.boxes_row_stride = boxes.row_stride, p.boxes_batch_stride = boxes.batch_stride;
  p.worth = worth.on_device(), p.scale = scale.on_device();
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_distance_boxes_f32(queue(), &p));
  out.fetch("out");
  const double r = std::fabs((double)scale.host[0]);
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      double corner[4];
      for (int side = 0; side < 4; side++) {
        const std::vector<double> probability = softmax(logits, n, q, side * p.bins, p.bins);
        double distance = 0;
        for (int b = 0; b < p.bins; b++) distance += probability[(size_t)b] * (double)worth.host[(size_t)b];
        const double reach = (r / 2 + distance) * (double)boxes.at(n, q, 2 + side % 2) / r;
        corner[side] = (double)boxes.at(n, q, side % 2) + (side < 2 ? -reach : reach);
      }
      for (int axis = 0; axis < 2; axis++) {
        // Two sums over the bins, divided: their roundings add up, in numbers of about 1.
        const double tolerance = 1.2e-7 * (8 + p.bins);
        expect_close("centre", n, q, axis, (corner[axis] + corner[2 + axis]) / 2, out.at(n, q, axis), tolerance);
        expect_close("size", n, q, 2 + axis, corner[2 + axis] - corner[axis], out.at(n, q, 2 + axis), tolerance);
      }
    }
  }
}

void test_top_probabilities(int index) {
  detr4j_cuda_distribution p{};
  p.batch = between(1, 2), p.queries = between(1, 12), p.groups = between(1, 5), p.bins = extent(index), p.k = between(1, std::min(p.bins, 5));
  Tensor logits(Tensor::RANDOM, p.batch, p.queries, p.groups * p.bins), out(Tensor::OUTPUT, p.batch, p.queries, p.groups * (p.k + 1));
  if (index % 4 == 3) logits.sprinkle(2);
  if (index % 4 == 2) {  // equal ones
    for (int b = 0; b < p.bins; b++) logits.at(0, 0, b) = (float)(b % 2);
    logits.upload();
  }
  describe("[%d, %d], %d of %d groups of %d bins", p.batch, p.queries, p.k, p.groups, p.bins);
  p.logits = logits.on_device(), p.logits_row_stride = logits.row_stride, p.logits_batch_stride = logits.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_top_probabilities_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int g = 0; g < p.groups; g++) {
        std::vector<double> probability = softmax(logits, n, q, g * p.bins, p.bins);
        const bool number = std::none_of(probability.begin(), probability.end(), [](double v) { return std::isnan(v); });
        if (number) std::sort(probability.begin(), probability.end(), [](double a, double b) { return a > b; });
        double mean = 0;
        for (int i = 0; i < p.k; i++) {
          const double expected = number ? probability[(size_t)i] : (double)NAN;
          expect_close("probability", n, q, g * (p.k + 1) + i, expected, out.at(n, q, g * (p.k + 1) + i), 1e-6);
          mean += expected / p.k;
        }
        expect_close("mean", n, q, g * (p.k + 1) + p.k, mean, out.at(n, q, g * (p.k + 1) + p.k), 1e-6);
      }
    }
  }
}
