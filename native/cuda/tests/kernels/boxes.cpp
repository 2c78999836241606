#include <algorithm>
#include <memory>

#include "../harness.h"

namespace {

std::unique_ptr<Array<float>> divisors_of(int features) {
  std::vector<float> divisors;
  for (int i = 0; i < features; i++) divisors.push_back((float)std::pow(10000.0, 2.0 * (i / 2) / features));
  return std::make_unique<Array<float>>(divisors);
}

double code(float c, float divisor, int feature) {
  const double x = (double)(c / divisor);
  return feature % 2 == 0 ? std::sin(x) : std::cos(x);
}

}  // namespace

void test_box_refinement(int index) {
  detr4j_cuda_box_refinement p{};
  p.batch = between(1, 2), p.queries = index + 1, p.columns = chance(3) ? 2 : 4, p.reference_kind = between(0, 4);
  p.epsilon = chance(2) ? 1e-5f : 1e-3f;
  if (p.columns == 2) p.reference_kind = between(0, 1);
  const int reference_columns = p.reference_kind == 0 ? 0 : p.reference_kind == 1 ? 2 : 4;
  Tensor delta(Tensor::RANDOM, p.batch, p.queries, p.columns), reference(Tensor::RANDOM, p.batch, p.queries, 4), out(Tensor::OUTPUT, p.batch, p.queries, p.columns);
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int c = 0; c < 4; c++) {
        if (p.reference_kind != DETR4J_CUDA_REFERENCE_LOGITS) reference.at(n, q, c) = chance(6) ? (float)between(-1, 2) : uniform(0, 1);
      }
      for (int c = 0; c < p.columns; c++) delta.at(n, q, c) *= 5;
    }
  }
  if (p.reference_kind == DETR4J_CUDA_REFERENCE_LOGITS) reference.at(0, 0, 1) = INFINITY;
  if (index % 4 == 3) delta.at(0, 0, 0) = NAN;
  if (index % 4 == 2) reference.at(0, 0, 0) = NAN;
  delta.upload(), reference.upload();
  describe("[%d, %d, %d], reference kind %d", p.batch, p.queries, p.columns, p.reference_kind);
  p.delta = delta.on_device(), p.delta_row_stride = delta.row_stride, p.delta_batch_stride = delta.batch_stride;
  p.reference = reference.on_device(), p.reference_row_stride = reference.row_stride, p.reference_batch_stride = reference.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_box_refinement_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int c = 0; c < p.columns; c++) {
        if (p.reference_kind == DETR4J_CUDA_REFERENCE_RELATIVE) {
          const double change = (double)delta.at(n, q, c), length = (double)reference.at(n, q, 2 + c % 2);
          const double product = c < 2 ? change * length : std::exp(change) * length, centre = c < 2 ? (double)reference.at(n, q, c) : 0;
          expect_close("out", n, q, c, product + centre, out.at(n, q, c), 1e-6 * std::fmax(1.0, std::fabs(product) + std::fabs(centre)));
          continue;
        }
        double start = 0;
        if (c < reference_columns) {
          start = (double)reference.at(n, q, c);
          if (p.reference_kind != DETR4J_CUDA_REFERENCE_LOGITS && !std::isnan(start)) {
            const double x = start < 0 ? 0 : start > 1 ? 1 : start;
            start = std::log(std::fmax(x, (double)p.epsilon) / std::fmax(1 - x, (double)p.epsilon));
          }
        }
        const double expected = 1 / (1 + std::exp(-((double)delta.at(n, q, c) + start)));
        expect_close("out", n, q, c, expected, out.at(n, q, c), 1e-6);
      }
    }
  }
}

void test_sine_position(int index) {
  detr4j_cuda_sine_position p{};
  p.batch = between(1, 2), p.height = between(1, 9), p.width = between(1, 9), p.features = 2 * (index % 20 + 1);
  p.offset = chance(2) ? -0.5f : 0.0f;
  std::vector<int32_t> valid;
  for (int n = 0; n < p.batch; n++) valid.insert(valid.end(), {between(1, p.height), between(1, p.width)});
  Array<int32_t> valid_extents(valid);
  const auto divisors = divisors_of(p.features);
  Array<float> addend(random_numbers(2 * p.features));
  const bool has_addend = chance(2);
  Tensor out(Tensor::OUTPUT, p.batch, p.height * p.width, 2 * p.features);
  describe("[%d, %d, %d], %d features, offset %g", p.batch, p.height, p.width, p.features, (double)p.offset);
  p.valid = valid_extents.on_device(), p.divisors = divisors->on_device(), p.addend = has_addend ? addend.on_device() : nullptr;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_sine_position_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int cell = 0; cell < p.height * p.width; cell++) {
      for (int c = 0; c < 2 * p.features; c++) {
        const bool of_x = c >= p.features;
        const int row = cell / p.width, column = cell % p.width, valid_h = valid[(size_t)(2 * n)], valid_w = valid[(size_t)(2 * n + 1)];
        const int total = of_x ? (row < valid_h ? valid_w : 0) : (column < valid_w ? valid_h : 0);
        const int count = std::min((of_x ? column : row) + 1, total), feature = c % p.features;
        const float coordinate = ((float)count + p.offset) / ((float)total + 1e-6f) * 6.283185307179586f;
        const double expected = code(coordinate, divisors->host[(size_t)feature], feature) + (has_addend ? (double)addend.host[(size_t)c] : 0);
        expect_close("out", n, cell, c, expected, out.at(n, cell, c), 3e-7);
      }
    }
  }
}

// A linear layer and its refinement against sums in double; the product is written where it is asked for.
void test_box_head(int index) {
  detr4j_cuda_conv2d p{};
  detr4j_cuda_box_refinement r{};
  const int columns = chance(3) ? 2 : 4, depth = index % 5 == 4 ? 256 : extent(index);
  const bool keeps = chance(2), in_place = chance(3);
  r.batch = p.batch = between(1, 2), r.queries = p.in_h = p.out_h = index + 1, r.columns = p.out_c = columns;
  r.reference_kind = columns == 2 ? between(0, 1) : chance(2) ? DETR4J_CUDA_REFERENCE_BOX : DETR4J_CUDA_REFERENCE_NONE, r.epsilon = 1e-5f;
  p.in_w = p.out_w = p.kernel_h = p.kernel_w = p.stride = p.dilation = p.groups = 1, p.in_c = depth;
  Tensor x(Tensor::RANDOM, p.batch, p.out_h, depth), product(Tensor::OUTPUT, p.batch, p.out_h, columns), out(Tensor::OUTPUT, p.batch, p.out_h, columns);
  Tensor reference(Tensor::RANDOM, p.batch, p.out_h, columns);
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.out_h; q++) {
      for (int c = 0; c < columns; c++) reference.at(n, q, c) = uniform(0, 1);
    }
  }
  std::vector<float> starts;
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.out_h; q++) {
      for (int c = 0; c < columns; c++) starts.push_back(reference.at(n, q, c));
    }
  }
  reference.upload();
  Array<float> bias(random_numbers(4)), weight(std::vector<float>((size_t)depth * 4 + 3));
  const size_t lead = (16 - (uintptr_t)weight.on_device() % 16) % 16 / sizeof(float);
  for (int k = 0; k < depth; k++) {
    for (int c = 0; c < columns; c++) weight.host[lead + (size_t)(4 * k + c)] = uniform(-1, 1);
  }
  expect_ok(detr4j_cuda_upload(queue(), weight.on_device(), weight.host.data(), (int64_t)(weight.host.size() * sizeof(float))));
  describe("[%d, %d, %d] to %d, reference kind %d, product kept %d, in place %d", p.batch, p.out_h, depth, columns, r.reference_kind, keeps, in_place);
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.weight = weight.on_device() + lead, p.bias = bias.on_device();
  p.out = keeps ? product.on_device() : nullptr, p.out_row_stride = product.row_stride, p.out_batch_stride = product.batch_stride;
  r.reference = reference.on_device(), r.reference_row_stride = reference.row_stride, r.reference_batch_stride = reference.batch_stride;
  Tensor& written = in_place ? reference : out;
  r.out = written.on_device(), r.out_row_stride = written.row_stride, r.out_batch_stride = written.batch_stride;
  expect_ok(detr4j_cuda_box_head_f32(queue(), &p, &r));
  written.fetch("out");
  if (keeps) product.fetch("product");
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.out_h; q++) {
      for (int c = 0; c < columns; c++) {
        double sum = (double)bias.host[(size_t)c], size = std::fabs(sum), before = 0;
        for (int k = 0; k < depth; k++) {
          const double part = (double)x.at(n, q, k) * (double)weight.host[lead + (size_t)(4 * k + c)];
          sum += part, size += std::fabs(part);
        }
        if (r.reference_kind != DETR4J_CUDA_REFERENCE_NONE) {
          const double s = (double)starts[(size_t)((n * p.out_h + q) * columns + c)];
          before = std::log(std::fmax(s, 1e-5) / std::fmax(1 - s, 1e-5));
        }
        // A sum of depth / 32 products a lane and 5 of the butterfly; a sigmoid is a quarter as steep.
        const double tolerance = 6e-8 * size * (depth / 32 + 6);
        if (keeps) expect_close("product", n, q, c, sum, product.at(n, q, c), tolerance);
        expect_close("out", n, q, c, 1 / (1 + std::exp(-(sum + before))), written.at(n, q, c), tolerance / 4 + 1e-6);
      }
    }
  }
}

void test_proposal_embedding(int index) {
  detr4j_cuda_proposal_embedding p{};
  p.batch = between(1, 2), p.queries = between(1, 20), p.features = 2 * (index % 20 + 1);
  const auto divisors = divisors_of(p.features);
  Tensor boxes(Tensor::RANDOM, p.batch, p.queries, 4), out(Tensor::OUTPUT, p.batch, p.queries, 4 * p.features);
  if (index % 4 == 3) boxes.sprinkle(1);
  describe("[%d, %d], %d features", p.batch, p.queries, p.features);
  p.divisors = divisors->on_device();
  p.boxes = boxes.on_device(), p.boxes_row_stride = boxes.row_stride, p.boxes_batch_stride = boxes.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_proposal_embedding_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int c = 0; c < 4 * p.features; c++) {
        const int feature = c % p.features;
        const float v = boxes.at(n, q, c / p.features) * 6.283185307179586f;
        expect_close("out", n, q, c, code(v, divisors->host[(size_t)feature], feature), out.at(n, q, c), 2e-7);
      }
    }
  }
}
