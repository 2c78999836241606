#include "../harness.h"

namespace {

// a and b have `wide` times as many columns as out.
template <class Expected>
void run(int index, int wide, double tolerance, int32_t (*operation)(detr4j_cuda_queue*, const detr4j_cuda_add*), Expected expected) {
  const int batch = between(1, 2), rows = between(1, 9), columns = extent(index);
  Tensor a(Tensor::RANDOM, batch, rows, wide * columns), b(Tensor::RANDOM, batch, rows, wide * columns), out(Tensor::OUTPUT, batch, rows, columns);
  if (index % 4 == 3) a.sprinkle(2);
  describe("[%d, %d, %d]", batch, rows, columns);
  detr4j_cuda_add p{};
  p.batch = batch, p.rows = rows, p.columns = columns;
  p.a = a.on_device(), p.a_row_stride = a.row_stride, p.a_batch_stride = a.batch_stride;
  p.b = b.on_device(), p.b_row_stride = b.row_stride, p.b_batch_stride = b.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(operation(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < batch; n++) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) expect_close("out", n, r, c, expected(a, b, n, r, c, columns), out.at(n, r, c), tolerance);
    }
  }
}

double sigmoid(float x) { return 1 / (1 + std::exp(-(double)x)); }

}  // namespace

void test_add(int index) {
  run(index, 1, 0, detr4j_cuda_add_f32, [](Tensor& a, Tensor& b, int n, int r, int c, int) { return (double)(a.at(n, r, c) + b.at(n, r, c)); });
}

void test_multiply(int index) {
  run(index, 1, 0, detr4j_cuda_multiply_f32, [](Tensor& a, Tensor& b, int n, int r, int c, int) { return (double)(a.at(n, r, c) * b.at(n, r, c)); });
}

void test_gate(int index) {
  // Two products below 1, each with two roundings and those of a sigmoid.
  run(index, 2, 1e-6, detr4j_cuda_gate_f32, [](Tensor& a, Tensor& b, int n, int r, int c, int columns) {
    return sigmoid(a.at(n, r, c)) * (double)b.at(n, r, c) + sigmoid(a.at(n, r, c + columns)) * (double)b.at(n, r, c + columns);
  });
}

void test_clamp(int index) {
  detr4j_cuda_clamp p{};
  p.batch = between(1, 2), p.rows = between(1, 9), p.columns = extent(index);
  p.least = uniform(-1, 0), p.most = chance(5) ? p.least : uniform(0, 1);
  Tensor x(Tensor::RANDOM, p.batch, p.rows, p.columns), out(Tensor::OUTPUT, p.batch, p.rows, p.columns);
  if (index % 4 == 3) x.sprinkle(2);
  describe("[%d, %lld, %d] from %g to %g", p.batch, (long long)p.rows, p.columns, (double)p.least, (double)p.most);
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_clamp_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int r = 0; r < p.rows; r++) {
      for (int c = 0; c < p.columns; c++) {
        const float v = x.at(n, r, c);
        const double expected = std::isnan(v) ? (double)NAN : std::fmin(std::fmax((double)v, (double)p.least), (double)p.most);
        expect_close("out", n, r, c, expected, out.at(n, r, c), 0);
      }
    }
  }
}

void test_row_max(int index) {
  detr4j_cuda_row_max p{};
  p.batch = between(1, 2), p.rows = between(1, 20), p.columns = extent(index);
  Tensor x(Tensor::RANDOM, p.batch, p.rows, p.columns), out(Tensor::OUTPUT, p.batch, p.rows, 1);
  if (index % 3 == 2) x.sprinkle(3);
  describe("[%d, %lld, %d]", p.batch, (long long)p.rows, p.columns);
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_row_max_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int r = 0; r < p.rows; r++) {
      double largest = -INFINITY;
      for (int c = 0; c < p.columns; c++) {
        const double v = (double)x.at(n, r, c);
        largest = std::isnan(v) || std::isnan(largest) ? (double)NAN : std::fmax(largest, v);
      }
      expect_close("out", n, r, 0, largest, out.at(n, r, 0), 0);
    }
  }
}
