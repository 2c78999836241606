#include <memory>
#include <string>

#include "../harness.h"

namespace {

// A mean far from zero in one case of five: deviations then lose digits.
void shift_some(int index, Tensor& x) {
  if (index % 5 != 4) return;
  for (int n = 0; n < x.batch; n++) {
    for (int64_t r = 0; r < x.rows; r++) {
      for (int c = 0; c < x.columns; c++) x.at(n, r, c) += 100;
    }
  }
  x.upload();
}

void set(detr4j_cuda_row_norm& p, const Tensor& x, const Tensor& y, const Array<float>& weight, const Array<float>& bias) {
  p.batch = x.batch, p.rows = x.rows, p.channels = x.columns, p.epsilon = 1e-5f;
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.y = y.on_device(), p.y_row_stride = y.row_stride, p.y_batch_stride = y.batch_stride;
  p.weight = weight.on_device(), p.bias = bias.on_device();
}

int some_rows(int index) { return index % 6 == 5 ? between(250, 600) : between(1, 40); }

}  // namespace

void test_layer_norm(int index) {
  const int batch = between(1, 2), rows = between(1, 11), channels = extent(index);
  const bool has_residual = chance(2), has_addend = chance(2), in_place = chance(3);
  Tensor x(Tensor::RANDOM, batch, rows, channels), residual(Tensor::RANDOM, batch, rows, channels), addend(Tensor::RANDOM, batch, rows, channels);
  Tensor y(Tensor::OUTPUT, batch, rows, channels), y_plus(Tensor::OUTPUT, batch, rows, channels);
  Array<float> weight(random_numbers(channels)), bias(random_numbers(channels));
  shift_some(index, x);
  if (index % 7 == 6) {
    x.at(0, 0, 0) = NAN;
    x.upload();
  }
  describe("[%d, %d, %d], residual %d, addend %d, in place %d", batch, rows, channels, has_residual, has_addend, in_place);
  std::vector<double> expected, plus;
  double spread = 1;
  for (int n = 0; n < batch; n++) {
    for (int r = 0; r < rows; r++) {
      auto value = [&](int c) { return (double)(has_residual ? x.at(n, r, c) + residual.at(n, r, c) : x.at(n, r, c)); };
      double mean = 0, variance = 0;
      for (int c = 0; c < channels; c++) mean += value(c) / channels;
      for (int c = 0; c < channels; c++) variance += (value(c) - mean) * (value(c) - mean) / channels;
      const double scale = 1 / std::sqrt(variance + (double)1e-5f);
      if (std::fabs(mean) * scale > spread) spread = std::fabs(mean) * scale;
      for (int c = 0; c < channels; c++) {
        expected.push_back((value(c) - mean) * scale * (double)weight.host[(size_t)c] + (double)bias.host[(size_t)c]);
        plus.push_back(expected.back() + (double)addend.at(n, r, c));
      }
    }
  }
  Tensor& to = in_place && has_residual ? residual : y;
  detr4j_cuda_layer_norm p{};
  p.batch = batch, p.rows = rows, p.channels = channels, p.epsilon = 1e-5f;
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.residual = has_residual ? residual.on_device() : nullptr;
  p.residual_row_stride = residual.row_stride, p.residual_batch_stride = residual.batch_stride;
  p.addend = has_addend ? addend.on_device() : nullptr;
  p.addend_row_stride = addend.row_stride, p.addend_batch_stride = addend.batch_stride;
  p.weight = weight.on_device(), p.bias = bias.on_device();
  p.y = to.on_device(), p.y_row_stride = to.row_stride, p.y_batch_stride = to.batch_stride;
  p.y_plus = has_addend ? y_plus.on_device() : nullptr;
  p.y_plus_row_stride = y_plus.row_stride, p.y_plus_batch_stride = y_plus.batch_stride;
  expect_ok(detr4j_cuda_layer_norm_f32(queue(), &p));
  to.fetch("y");
  if (has_addend) y_plus.fetch("y_plus");
  const double tolerance = 4e-6 + 1e-6 * spread;
  size_t i = 0;
  for (int n = 0; n < batch; n++) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++, i++) {
        expect_close("y", n, r, c, expected[i], to.at(n, r, c), tolerance);
        if (has_addend) expect_close("y_plus", n, r, c, plus[i], y_plus.at(n, r, c), tolerance);
      }
    }
  }
}

namespace {

// One of the maps that are normalised at once.
struct GroupNormCase {
  int batch, rows, channels;
  Tensor x, y;
  Array<float> weight, bias;
  Array<double> workspace;
  detr4j_cuda_row_norm p{};

  GroupNormCase(int index, int batch, int rows, int groups, int width)
      : batch(batch), rows(rows), channels(groups * width), x(Tensor::RANDOM, batch, rows, channels), y(Tensor::OUTPUT, batch, rows, channels),
        weight(random_numbers(channels)), bias(random_numbers(channels)), workspace(std::vector<double>((size_t)sums(groups))) {
    shift_some(index, x);
    set(p, x, y, weight, bias);
    p.groups = groups;
    p.workspace = workspace.on_device();
  }

  int64_t sums(int groups) {
    detr4j_cuda_row_norm shape{};
    shape.batch = batch, shape.rows = rows, shape.channels = channels, shape.groups = groups;
    return detr4j_cuda_row_norm_workspace(&shape) / 8;
  }

  void check() {
    y.fetch("y");
    const int groups = p.groups, width = channels / groups;
    for (int n = 0; n < batch; n++) {
      for (int g = 0; g < groups; g++) {
        double mean = 0, variance = 0;
        const double count = (double)rows * width;
        for (int i = 0; i < rows * width; i++) mean += (double)x.at(n, i / width, g * width + i % width) / count;
        for (int i = 0; i < rows * width; i++) variance += std::pow((double)x.at(n, i / width, g * width + i % width) - mean, 2) / count;
        const double scale = 1 / std::sqrt(variance + (double)1e-5f), tolerance = 4e-6 + 1e-6 * std::fabs(mean) * scale;
        for (int i = 0; i < rows * width; i++) {
          const int row = i / width, c = g * width + i % width;
          const double expected = ((double)x.at(n, row, c) - mean) * scale * (double)weight.host[(size_t)c] + (double)bias.host[(size_t)c];
          expect_close("y", n, row, c, expected, y.at(n, row, c), tolerance);
        }
      }
    }
  }
};

}  // namespace

void test_group_norm(int index) {
  const int groups = between(1, 8), batch = between(1, 2), count = between(1, DETR4J_CUDA_GROUP_NORMS_MOST);
  std::vector<std::unique_ptr<GroupNormCase>> maps;
  std::vector<detr4j_cuda_row_norm> all;
  std::string shapes;
  for (int i = 0; i < count; i++) {
    maps.push_back(std::make_unique<GroupNormCase>(index, batch, some_rows(index), groups, 1 + extent(index) / 8));
    all.push_back(maps.back()->p);
    shapes += " [" + std::to_string(batch) + ", " + std::to_string(maps.back()->rows) + ", " + std::to_string(maps.back()->channels) + "]";
  }
  describe("%d maps%s in %d groups", count, shapes.c_str(), groups);
  expect_ok(detr4j_cuda_group_norm_f32(queue(), all.data(), count));
  for (auto& map : maps) map->check();
}

void test_global_response_norm(int index) {
  const int channels = extent(index), batch = between(1, 2), rows = some_rows(index);
  Tensor x(Tensor::RANDOM, batch, rows, channels), y(Tensor::OUTPUT, batch, rows, channels);
  Array<float> weight(random_numbers(channels)), bias(random_numbers(channels));
  detr4j_cuda_row_norm p{};
  set(p, x, y, weight, bias);
  p.epsilon = 1e-6f;
  Array<double> workspace(std::vector<double>((size_t)detr4j_cuda_row_norm_workspace(&p) / 8));
  p.workspace = workspace.on_device();
  describe("[%d, %d, %d]", batch, rows, channels);
  expect_ok(detr4j_cuda_global_response_norm_f32(queue(), &p));
  y.fetch("y");
  for (int n = 0; n < batch; n++) {
    std::vector<double> norm((size_t)channels);
    double mean = 0;
    for (int c = 0; c < channels; c++) {
      for (int r = 0; r < rows; r++) norm[(size_t)c] += (double)x.at(n, r, c) * (double)x.at(n, r, c);
      norm[(size_t)c] = std::sqrt(norm[(size_t)c]);
      mean += norm[(size_t)c] / channels;
    }
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        const double v = (double)x.at(n, r, c);
        const double expected = v + (double)weight.host[(size_t)c] * norm[(size_t)c] / (mean + (double)1e-6f) * v + (double)bias.host[(size_t)c];
        expect_close("y", n, r, c, expected, y.at(n, r, c), 2e-6 * (1 + std::fabs(expected)));
      }
    }
  }
}
