#include <cstring>

#include "../map.h"

namespace {

double activated(int activation, double v) {
  if (activation == DETR4J_CUDA_ACTIVATION_RELU) return v < 0 ? 0 : v;
  if (activation == DETR4J_CUDA_ACTIVATION_SILU) return v / (1.0 + std::exp(-v));
  return activation == DETR4J_CUDA_ACTIVATION_GELU ? v * 0.5 * std::erfc(-v / std::sqrt(2.0)) : v;
}

struct Fixture {
  detr4j_cuda_conv2d p{};
  int channels, group_out, columns;
  bool has_bias, has_residual;
  bool joint = true;  // whether the operation takes several products

  void choose_map(int index) {
    p.batch = between(1, 2);
    if (index % 3 == 0) {  // a linear layer
      p.in_h = index < 40 ? between(1, 70) : between(100, 300);
      p.in_w = p.kernel_h = p.kernel_w = p.stride = p.dilation = 1;
    } else {
      p.in_h = between(1, 13), p.in_w = between(1, 13);
      p.kernel_h = between(1, 4), p.kernel_w = between(1, 4);
      p.stride = between(1, 2), p.padding = between(0, 2), p.dilation = between(1, 2);
      while (p.in_h + 2 * p.padding < p.dilation * (p.kernel_h - 1) + 1) p.in_h++;
      while (p.in_w + 2 * p.padding < p.dilation * (p.kernel_w - 1) + 1) p.in_w++;
    }
    p.out_h = (p.in_h + 2 * p.padding - p.dilation * (p.kernel_h - 1) - 1) / p.stride + 1;
    p.out_w = (p.in_w + 2 * p.padding - p.dilation * (p.kernel_w - 1) - 1) / p.stride + 1;
    p.activation = between(0, 3);
    has_bias = chance(2), has_residual = chance(2);
  }
  int rows() const { return p.out_h * p.out_w; }
  void describe_it() const {
    describe("[%d, %d, %d, %d] to %d channels, kernel %d x %d, stride %d, padding %d, dilation %d, groups %d, activation %d, mask %d", p.batch, p.in_h, p.in_w,
             p.in_c, p.out_c, p.kernel_h, p.kernel_w, p.stride, p.padding, p.dilation, p.groups, p.activation, p.row_mask_mode);
  }
};

// One case: weight(group, tap, channel, column) says where the layout has a weight.
template <class Index>
void run(Fixture& f, int32_t (*operation)(detr4j_cuda_queue*, const detr4j_cuda_conv2d*, int32_t), int64_t weights, int64_t biases, Index weight_at) {
  detr4j_cuda_conv2d& p = f.p;
  Tensor x(Tensor::RANDOM, p.batch, p.in_h * p.in_w, p.in_c), residual(Tensor::RANDOM, p.batch, f.rows(), p.out_c);
  Tensor out(Tensor::OUTPUT, p.batch, f.rows(), p.out_c);
  Array<float> weight(std::vector<float>((size_t)weights + 3)), bias(std::vector<float>((size_t)biases));
  Array<uint8_t> mask(std::vector<uint8_t>((size_t)(p.batch * f.rows())));
  // The weights begin on 16 bytes, whatever the placement does with their end.
  const size_t lead = (16 - (uintptr_t)weight.on_device() % 16) % 16 / 4;
  const int taps = p.kernel_h * p.kernel_w;
  for (int g = 0; g < p.groups; g++) {
    for (int tap = 0; tap < taps; tap++) {
      for (int c = 0; c < f.channels; c++) {
        for (int o = 0; o < f.group_out; o++) weight.host[lead + (size_t)weight_at(g, tap, c, o)] = uniform(-1, 1);
      }
    }
    for (int o = 0; o < f.group_out; o++) bias.host[(size_t)(g * f.columns + o)] = uniform(-1, 1);
  }
  for (uint8_t& m : mask.host) m = chance(4) ? 0 : 1;
  expect_ok(detr4j_cuda_upload(queue(), weight.on_device(), weight.host.data(), (int64_t)(weight.host.size() * 4)));
  expect_ok(detr4j_cuda_upload(queue(), bias.on_device(), bias.host.data(), (int64_t)(bias.host.size() * 4)));
  expect_ok(detr4j_cuda_upload(queue(), mask.on_device(), mask.host.data(), (int64_t)mask.host.size()));
  f.describe_it();
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.weight = weight.on_device() + lead;
  p.bias = f.has_bias ? bias.on_device() : nullptr;
  p.residual = f.has_residual ? residual.on_device() : nullptr;
  p.residual_row_stride = residual.row_stride, p.residual_batch_stride = residual.batch_stride;
  p.row_mask = mask.on_device();
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  // Beside it, in the same launch, the first item alone.
  const bool joint = f.joint && chance(2);
  Tensor first(Tensor::OUTPUT, 1, f.rows(), p.out_c);
  detr4j_cuda_conv2d both[2] = {p, p};
  both[1].batch = 1;
  both[1].out = first.on_device(), both[1].out_row_stride = first.row_stride, both[1].out_batch_stride = first.batch_stride;
  expect_ok(operation(queue(), both, joint ? 2 : 1));
  out.fetch("out");
  if (joint) {
    first.fetch("the first item");
    for (int row = 0; row < f.rows(); row++) {
      for (int o = 0; o < p.out_c; o++) expect_close("the first item", 0, row, o, (double)out.at(0, row, o), first.at(0, row, o), 0);
    }
  }
  const double tolerance = 1.2e-7 * (6 + taps * f.channels);
  for (int n = 0; n < p.batch; n++) {
    for (int row = 0; row < f.rows(); row++) {
      const bool masked = mask.host[(size_t)(n * f.rows() + row)] == 0;
      for (int o = 0; o < p.out_c; o++) {
        const int g = o / f.group_out, column = o % f.group_out;
        double sum = f.has_bias ? (double)bias.host[(size_t)(g * f.columns + column)] : 0;
        if (f.has_residual) sum += (double)residual.at(n, row, o);
        for (int tap = 0; tap < taps && !(masked && p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_INPUT); tap++) {
          const int h = row / p.out_w * p.stride - p.padding + tap / p.kernel_w * p.dilation;
          const int w = row % p.out_w * p.stride - p.padding + tap % p.kernel_w * p.dilation;
          if (h < 0 || w < 0 || h >= p.in_h || w >= p.in_w) continue;
          for (int c = 0; c < f.channels; c++) {
            sum += (double)x.at(n, h * p.in_w + w, g * f.channels + c) * (double)weight.host[lead + (size_t)weight_at(g, tap, c, column)];
          }
        }
        const double expected = masked && p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT ? 0 : activated(p.activation, sum);
        expect_close("out", n, row, o, expected, out.at(n, row, o), tolerance * (1 + std::fabs(expected) * 4e-1));
      }
    }
  }
}

// Products of numbers that are rounded, on both sides of the comparison.
void run_tensor(Fixture& f, bool bf16) {
  detr4j_cuda_conv2d& p = f.p;
  const int taps = p.kernel_h * p.kernel_w, depth = taps * f.channels, piece = bf16 ? 8 : 4, packed = (depth + piece - 1) / piece * piece;
  auto round_it = [&](float v) { return bf16 ? rounded(v, 8, true) : rounded(v, 11, false); };
  p.x_type = bf16 && chance(2) ? DETR4J_CUDA_TYPE_BF16 : DETR4J_CUDA_TYPE_F32;
  p.out_type = bf16 && chance(2) ? DETR4J_CUDA_TYPE_BF16 : DETR4J_CUDA_TYPE_F32;
  Map x(p.x_type == DETR4J_CUDA_TYPE_BF16, p.batch, p.in_h * p.in_w, p.in_c), out(p.out_type == DETR4J_CUDA_TYPE_BF16, p.batch, f.rows(), p.out_c);
  for (int n = 0; n < p.batch; n++) {
    for (int row = 0; row < p.in_h * p.in_w; row++) {
      for (int c = 0; c < p.in_c; c++) x.set(n, row, c, p.x_type == DETR4J_CUDA_TYPE_BF16 ? round_it(uniform(-1, 1)) : uniform(-1, 1));
    }
  }
  x.upload(), out.upload();
  Tensor residual(Tensor::RANDOM, p.batch, f.rows(), p.out_c);
  std::vector<float> numbers((size_t)p.out_c * packed);
  for (int o = 0; o < p.out_c; o++) {
    for (int k = 0; k < depth; k++) numbers[(size_t)o * packed + k] = round_it(uniform(-1, 1));
  }
  const size_t element = bf16 ? 2 : 4;
  Array<uint8_t> weight(std::vector<uint8_t>(numbers.size() * element + 12)), mask(std::vector<uint8_t>((size_t)(p.batch * f.rows())));
  const size_t lead = (16 - (uintptr_t)weight.on_device() % 16) % 16;
  for (size_t i = 0; i < numbers.size(); i++) {  // of a float the upper bytes are bf16
    memcpy(&weight.host[lead + i * element], (const char*)&numbers[i] + 4 - element, element);
  }
  Array<float> bias(random_numbers((int64_t)p.groups * f.columns));
  for (uint8_t& m : mask.host) m = chance(4) ? 0 : 1;
  expect_ok(detr4j_cuda_upload(queue(), weight.on_device(), weight.host.data(), (int64_t)weight.host.size()));
  expect_ok(detr4j_cuda_upload(queue(), mask.on_device(), mask.host.data(), (int64_t)mask.host.size()));
  f.describe_it();
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.weight = weight.on_device() + lead;
  p.bias = f.has_bias ? bias.on_device() : nullptr;
  p.residual = f.has_residual ? residual.on_device() : nullptr;
  p.residual_row_stride = residual.row_stride, p.residual_batch_stride = residual.batch_stride;
  p.row_mask = mask.on_device();
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  // Behind it, in the same launch, the first item alone, in fp32.
  Tensor first(Tensor::OUTPUT, 1, f.rows(), p.out_c);
  detr4j_cuda_conv2d both[2] = {p, p};
  both[1].batch = 1, both[1].out_type = DETR4J_CUDA_TYPE_F32;
  both[1].out = first.on_device(), both[1].out_row_stride = first.row_stride, both[1].out_batch_stride = first.batch_stride;
  expect_ok(bf16 ? detr4j_cuda_conv2d_bf16(queue(), both, 2) : detr4j_cuda_conv2d_tf32(queue(), both, 2));
  out.fetch(), first.fetch("the first item");
  for (int row = 0; row < f.rows(); row++) {
    for (int o = 0; o < p.out_c; o++) {
      const float v = first.at(0, row, o);
      // Subnormal numbers have fewer bits than rounded() gives them.
      expect_close("the first item", 0, row, o, (double)(out.narrow ? rounded(v, 8, true) : v), out.get(0, row, o), out.narrow ? 1e-38 : 0);
    }
  }
  // Tensor cores cut sums off, which is off by twice as much as rounding; a result of bf16 has 8 bits.
  const double tolerance = 2.4e-7 * (6 + depth), last_bits = out.narrow ? 0x1p-8 : 0.0;
  for (int n = 0; n < p.batch; n++) {
    for (int row = 0; row < f.rows(); row++) {
      const bool masked = mask.host[(size_t)(n * f.rows() + row)] == 0;
      for (int o = 0; o < p.out_c; o++) {
        const int g = o / f.group_out;
        double sum = f.has_bias ? (double)bias.host[(size_t)(g * f.columns + o % f.group_out)] : 0;
        if (f.has_residual) sum += (double)residual.at(n, row, o);
        for (int tap = 0; tap < taps && !(masked && p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_INPUT); tap++) {
          const int h = row / p.out_w * p.stride - p.padding + tap / p.kernel_w * p.dilation;
          const int w = row % p.out_w * p.stride - p.padding + tap % p.kernel_w * p.dilation;
          if (h < 0 || w < 0 || h >= p.in_h || w >= p.in_w) continue;
          for (int c = 0; c < f.channels; c++) {
            sum += (double)round_it(x.get(n, h * p.in_w + w, g * f.channels + c)) * (double)numbers[(size_t)o * packed + tap * f.channels + c];
          }
        }
        const double expected = masked && p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT ? 0 : activated(p.activation, sum);
        expect_close("out", n, row, o, expected, out.get(n, row, o), tolerance * (1 + std::fabs(expected) * 4e-1) + std::fabs(expected) * last_bits);
      }
    }
  }
}

// Some are larger than a stage is deep, and the last ones take the large blocks.
void test_tensor_conv2d(int index, bool bf16) {
  Fixture f;
  f.choose_map(index);
  f.p.groups = index % 7 == 1 ? between(2, 3) : 1;
  f.channels = chance(2) ? 8 * between(1, 12) : extent(between(0, 40));
  f.group_out = index % 5 == 4 ? between(60, 140) : extent(index % 40);
  if (index >= 70) {
    f.p = detr4j_cuda_conv2d{};
    f.p.batch = 1, f.p.in_h = f.p.out_h = 16901, f.p.in_w = f.p.out_w = 1;
    f.p.kernel_h = f.p.kernel_w = f.p.stride = f.p.dilation = f.p.groups = 1;
    f.channels = index == 70 ? 16 : 7, f.group_out = index == 70 ? 196 : 130;
  }
  f.columns = (f.group_out + 3) / 4 * 4;
  f.p.in_c = f.p.groups * f.channels, f.p.out_c = f.p.groups * f.group_out;
  f.p.row_mask_mode = f.p.kernel_h * f.p.kernel_w == 1 ? between(0, 2) : 0;
  run_tensor(f, bf16);
}

}  // namespace

// The last two cases are so large that the kernel takes its large blocks, aligned and not; their sums are short.
constexpr int FIRST_LARGE = 60;

void test_conv2d(int index) {
  Fixture f;
  f.choose_map(index);
  f.p.groups = index % 7 == 1 ? between(2, 3) : 1;
  f.channels = chance(2) ? 4 * between(1, 10) : extent(between(0, 40));
  f.group_out = index % 5 == 4 ? between(100, 200) : extent(index % 40);
  if (index >= FIRST_LARGE) {
    f.p = detr4j_cuda_conv2d{};
    f.p.batch = 1, f.p.in_h = f.p.out_h = 16901, f.p.in_w = f.p.out_w = 1;
    f.p.kernel_h = f.p.kernel_w = f.p.stride = f.p.dilation = f.p.groups = 1;
    f.channels = index == FIRST_LARGE ? 20 : 7, f.group_out = index == FIRST_LARGE ? 196 : 130;
  }
  f.columns = (f.group_out + 3) / 4 * 4;
  f.p.in_c = f.p.groups * f.channels, f.p.out_c = f.p.groups * f.group_out;
  f.p.row_mask_mode = f.p.kernel_h * f.p.kernel_w == 1 ? between(0, 2) : 0;
  const int taps = f.p.kernel_h * f.p.kernel_w;
  run(f, detr4j_cuda_conv2d_f32, (int64_t)f.p.groups * taps * f.channels * f.columns, (int64_t)f.p.groups * f.columns,
      [&](int g, int tap, int c, int o) { return (((int64_t)g * taps + tap) * f.channels + c) * f.columns + o; });
}

void test_depthwise_conv2d(int index) {
  Fixture f;
  f.choose_map(index);
  f.p.groups = f.p.in_c = f.p.out_c = extent(index);
  f.channels = f.group_out = f.columns = 1;
  f.joint = false;
  auto alone = [](detr4j_cuda_queue* on, const detr4j_cuda_conv2d* p, int32_t) { return detr4j_cuda_depthwise_conv2d_f32(on, p); };
  run(f, alone, (int64_t)f.p.kernel_h * f.p.kernel_w * f.p.groups, f.p.groups,
      [&](int g, int tap, int, int) { return (int64_t)tap * f.p.groups + g; });
}

void test_tensor_conv2d_bf16(int index) { test_tensor_conv2d(index, true); }
void test_tensor_conv2d_tf32(int index) { test_tensor_conv2d(index, false); }
