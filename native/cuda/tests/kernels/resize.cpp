#include <algorithm>
#include <memory>

#include "../harness.h"

namespace {

// The taps of one axis: triangles of whole weights, or two for OpenCV's arithmetic.
struct Axis {
  int taps, precision;
  std::unique_ptr<Array<int32_t>> start, count, weight;

  Axis(int source, int target, bool opencv) : taps(opencv ? 2 : 3), precision(opencv ? 11 : 10) {
    std::vector<int32_t> starts, counts, weights;
    for (int i = 0; i < target; i++) {
      const int at = i * source / target;
      const int n = opencv ? 2 : between(1, std::min(3, source - at));
      starts.push_back(opencv ? at - between(0, 1) : at);
      counts.push_back(n);
      int rest = 1 << precision;
      for (int tap = 0; tap < taps; tap++) {
        const int w = tap >= n ? 0 : tap == n - 1 ? rest : between(0, rest);
        weights.push_back(w);
        rest -= w;
      }
    }
    start = std::make_unique<Array<int32_t>>(starts);
    count = std::make_unique<Array<int32_t>>(counts);
    weight = std::make_unique<Array<int32_t>>(weights);
  }
};

int to_byte(int64_t v) { return v < 0 ? 0 : v > 255 ? 255 : (int)v; }
int between_ends(int v, int last) { return v < 0 ? 0 : v > last ? last : v; }

}  // namespace

namespace {

// Linear in fp32 against doubles, where test_resize has whole numbers.
void test_resize_linear(int index) {
  detr4j_cuda_resize p{};
  p.source_h = between(1, 20), p.source_w = between(1, 20), p.height = index % 25 + 1, p.width = between(1, 25);
  p.padded_h = p.height + between(0, 5), p.padded_w = p.width + between(0, 5), p.arithmetic = DETR4J_CUDA_RESIZE_LINEAR_F32;
  const int64_t stride = 3 * p.source_w + between(0, 4);
  std::vector<uint8_t> bytes((size_t)((p.source_h - 1) * stride + 3 * p.source_w));
  for (uint8_t& b : bytes) b = (uint8_t)between(0, 255);
  Array<uint8_t> pixels(bytes);
  Axis x(p.source_w, p.width, true), y(p.source_h, p.height, true);
  Array<float> lookup(random_numbers(768)), out(std::vector<float>((size_t)(3 * p.padded_h * p.padded_w), NAN));
  describe("%d x %d to %d x %d in %d x %d, fp32", p.source_w, p.source_h, p.width, p.height, p.padded_w, p.padded_h);
  p.taps_x = x.taps, p.taps_y = y.taps, p.precision_x = x.precision, p.precision_y = y.precision;
  p.pixels = pixels.on_device(), p.pixels_row_stride = stride, p.lookup = lookup.on_device(), p.out = out.on_device();
  p.start_x = x.start->on_device(), p.count_x = x.count->on_device(), p.weight_x = x.weight->on_device();
  p.start_y = y.start->on_device(), p.count_y = y.count->on_device(), p.weight_y = y.weight->on_device();
  Array<int32_t> workspace(std::vector<int32_t>((size_t)(detr4j_cuda_resize_workspace(&p) + 3) / 4));
  p.workspace = workspace.on_device();
  expect_ok(detr4j_cuda_resize_u8(queue(), &p));
  out.fetch_results();
  for (int row = 0; row < p.padded_h; row++) {
    for (int i = 0; i < 3 * p.padded_w; i++) {
      double expected = 0;
      for (int tap = 0; row < p.height && i < 3 * p.width && tap < 4; tap++) {
        const int from = between_ends(y.start->host[(size_t)row] + tap / 2, p.source_h - 1);
        const int at = between_ends(x.start->host[(size_t)(i / 3)] + tap % 2, p.source_w - 1);
        const double weight = (double)y.weight->host[(size_t)(2 * row + tap / 2)] / (1 << y.precision) *
                              (double)x.weight->host[(size_t)(2 * (i / 3) + tap % 2)] / (1 << x.precision);
        expected += weight * (double)lookup.host[(size_t)(256 * (i % 3) + bytes[(size_t)(from * stride + 3 * at + i % 3)])];
      }
      expect_close("out", 0, row, i, expected, out.host[(size_t)(row * 3 * p.padded_w + i)], 1e-6);
    }
  }
}

}  // namespace

void test_resize(int index) {
  if (index % 4 == 3) return test_resize_linear(index);
  const bool opencv = index % 3 == 2;
  detr4j_cuda_resize p{};
  p.source_h = between(1, 20), p.source_w = between(1, 20), p.height = between(1, 25), p.width = between(1, 25);
  const bool has_x = opencv || !chance(4), has_y = opencv || !chance(4);
  if (!has_x) p.width = p.source_w;
  if (!has_y) p.height = p.source_h;
  p.padded_h = p.height + between(0, 5), p.padded_w = p.width + between(0, 5), p.arithmetic = opencv;
  const int64_t stride = 3 * p.source_w + between(0, 4);
  std::vector<uint8_t> bytes((size_t)((p.source_h - 1) * stride + 3 * p.source_w));
  for (uint8_t& b : bytes) b = (uint8_t)between(0, 255);
  Array<uint8_t> pixels(bytes);
  Axis x(p.source_w, p.width, opencv), y(p.source_h, p.height, opencv);
  Array<float> lookup(random_numbers(768)), out(std::vector<float>((size_t)(3 * p.padded_h * p.padded_w), NAN));
  describe("%d x %d to %d x %d in %d x %d, arithmetic %d, tables %d %d", p.source_w, p.source_h, p.width, p.height, p.padded_w, p.padded_h, p.arithmetic, has_x,
           has_y);
  p.taps_x = x.taps, p.taps_y = y.taps, p.precision_x = x.precision, p.precision_y = y.precision;
  p.pixels = pixels.on_device(), p.pixels_row_stride = stride, p.lookup = lookup.on_device(), p.out = out.on_device();
  if (has_x) p.start_x = x.start->on_device(), p.count_x = x.count->on_device(), p.weight_x = x.weight->on_device();
  if (has_y) p.start_y = y.start->on_device(), p.count_y = y.count->on_device(), p.weight_y = y.weight->on_device();
  Array<int32_t> workspace(std::vector<int32_t>((size_t)(detr4j_cuda_resize_workspace(&p) + 3) / 4));
  p.workspace = workspace.on_device();
  expect_ok(detr4j_cuda_resize_u8(queue(), &p));
  out.fetch_results();

  std::vector<int64_t> middle((size_t)(p.source_h * p.width * 3));
  for (int row = 0; row < p.source_h; row++) {
    for (int i = 0; i < 3 * p.width; i++) {
      const int column = i / 3, c = i % 3;
      auto pixel = [&](int at) { return (int64_t)bytes[(size_t)(row * stride + 3 * at + c)]; };
      int64_t sum = has_x && !opencv ? 1 << (x.precision - 1) : 0;
      if (!has_x) {
        sum = pixel(column);
      } else {
        const int start = x.start->host[(size_t)column];
        for (int tap = 0; tap < x.count->host[(size_t)column]; tap++) {
          sum += x.weight->host[(size_t)(column * x.taps + tap)] * pixel(opencv ? between_ends(start + tap, p.source_w - 1) : start + tap);
        }
        if (!opencv) sum = to_byte(sum >> x.precision);
      }
      middle[(size_t)(row * 3 * p.width + i)] = sum;
    }
  }
  for (int row = 0; row < p.padded_h; row++) {
    for (int i = 0; i < 3 * p.padded_w; i++) {
      double expected = 0;
      if (row < p.height && i < 3 * p.width) {
        auto above = [&](int at) { return middle[(size_t)(at * 3 * p.width + i)]; };
        int64_t value = has_y ? opencv ? 2 : 1 << (y.precision - 1) : above(row);
        for (int tap = 0; has_y && tap < y.count->host[(size_t)row]; tap++) {
          const int64_t weight = y.weight->host[(size_t)(row * y.taps + tap)];
          const int at = y.start->host[(size_t)row] + tap;
          value += opencv ? (weight * (above(between_ends(at, p.source_h - 1)) >> 4)) >> 16 : weight * above(at);
        }
        if (has_y) value >>= opencv ? 2 : y.precision;
        expected = (double)lookup.host[(size_t)(256 * (i % 3) + to_byte(value))];
      }
      expect_close("out", 0, row, i, expected, out.host[(size_t)(row * 3 * p.padded_w + i)], 0);
    }
  }
}
