#include <cstring>

#include "../harness.h"

namespace {

enum Products { F32, TF32, BF16 };

// A linear layer with its norm, against sums in double; the very rows of a residual or addend may be an output.
void run(int index, Products products) {
  auto round_it = [&](float v) { return products == F32 ? v : products == BF16 ? rounded(v, 8, true) : rounded(v, 11, false); };
  const int batch = between(1, 2), rows = index < 40 ? between(1, 40) : between(100, 200), depth = chance(2) ? 8 * between(1, 12) : extent(between(0, 40));
  const int channels = index % 6 == 5 ? 256 : extent(index % 50) % 256 + 1;
  Tensor x(Tensor::RANDOM, batch, rows, depth), residual(Tensor::RANDOM, batch, rows, channels), other(Tensor::RANDOM, batch, rows, channels);
  Tensor addend(Tensor::RANDOM, batch, rows, channels), sums(Tensor::OUTPUT, batch, rows, channels);
  Tensor y(Tensor::OUTPUT, batch, rows, channels), y_plus(Tensor::OUTPUT, batch, rows, channels);
  Array<float> bias(random_numbers((channels + 3) / 4 * 4)), scale(random_numbers(channels)), shift(random_numbers(channels));
  const bool has_residual = chance(2), has_other = chance(2), has_addend = chance(2), keeps_sums = chance(2), in_place = has_other && chance(2);

  // [channels][depth in pieces of 16 bytes], or for fp32 [depth][columns].
  const int columns = (channels + 3) / 4 * 4, piece = products == BF16 ? 8 : 4, packed = (depth + piece - 1) / piece * piece;
  std::vector<float> numbers((size_t)channels * depth);
  for (float& n : numbers) n = round_it(uniform(-1, 1));
  const size_t element = products == BF16 ? 2 : 4;
  Array<uint8_t> weight(std::vector<uint8_t>((size_t)(products == F32 ? depth * columns : channels * packed) * element + 12));
  const size_t lead = (16 - (uintptr_t)weight.on_device() % 16) % 16;
  for (int o = 0; o < channels; o++) {
    for (int k = 0; k < depth; k++) {
      const size_t at = products == F32 ? (size_t)k * columns + o : (size_t)o * packed + k;
      memcpy(&weight.host[lead + at * element], (const char*)&numbers[(size_t)o * depth + k] + 4 - element, element);  // of bf16, the upper bytes
    }
  }
  expect_ok(detr4j_cuda_upload(queue(), weight.on_device(), weight.host.data(), (int64_t)weight.host.size()));
  describe("[%d, %d, %d] to %d channels, products %d, residuals %d and %d, addend %d, sums kept %d, in place %d", batch, rows, depth, channels, products,
           has_residual, has_other, has_addend, keeps_sums, in_place);

  detr4j_cuda_conv2d p{};
  p.batch = batch, p.in_h = p.out_h = rows, p.in_w = p.out_w = 1, p.in_c = depth, p.out_c = channels;
  p.kernel_h = p.kernel_w = p.stride = p.dilation = p.groups = 1;
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.weight = weight.on_device() + lead, p.bias = bias.on_device();
  p.residual = has_residual ? residual.on_device() : nullptr;
  p.residual_row_stride = residual.row_stride, p.residual_batch_stride = residual.batch_stride;
  p.out = keeps_sums ? sums.on_device() : nullptr, p.out_row_stride = sums.row_stride, p.out_batch_stride = sums.batch_stride;
  detr4j_cuda_layer_norm norm{};
  norm.batch = batch, norm.channels = channels, norm.rows = rows, norm.epsilon = 1e-5f;
  norm.weight = scale.on_device(), norm.bias = shift.on_device();
  norm.residual = has_other ? other.on_device() : nullptr;
  norm.residual_row_stride = other.row_stride, norm.residual_batch_stride = other.batch_stride;
  norm.addend = has_addend ? addend.on_device() : nullptr;
  norm.addend_row_stride = addend.row_stride, norm.addend_batch_stride = addend.batch_stride;
  Tensor& written = in_place ? other : y;
  norm.y = written.on_device(), norm.y_row_stride = written.row_stride, norm.y_batch_stride = written.batch_stride;
  norm.y_plus = y_plus.on_device(), norm.y_plus_row_stride = y_plus.row_stride, norm.y_plus_batch_stride = y_plus.batch_stride;

  std::vector<double> before((size_t)(batch * rows * channels)), normalised(before.size());
  for (int n = 0; n < batch; n++) {
    for (int r = 0; r < rows; r++) {
      double* sum = &before[(size_t)((n * rows + r) * channels)];
      double* out = &normalised[(size_t)((n * rows + r) * channels)];
      double mean = 0, variance = 0;
      for (int o = 0; o < channels; o++) {
        sum[o] = (double)bias.host[(size_t)o] + (has_residual ? (double)residual.at(n, r, o) : 0);
        for (int k = 0; k < depth; k++) sum[o] += (double)round_it(x.at(n, r, k)) * (double)numbers[(size_t)o * depth + k];
        out[o] = sum[o] + (has_other ? (double)other.at(n, r, o) : 0);
        mean += out[o] / channels;
      }
      for (int o = 0; o < channels; o++) variance += (out[o] - mean) * (out[o] - mean) / channels;
      for (int o = 0; o < channels; o++) out[o] = (out[o] - mean) / std::sqrt(variance + 1e-5) * (double)scale.host[(size_t)o] + (double)shift.host[(size_t)o];
    }
  }
  expect_ok(products == F32 ? detr4j_cuda_linear_norm_f32(queue(), &p, &norm)
                            : products == BF16 ? detr4j_cuda_linear_norm_bf16(queue(), &p, &norm) : detr4j_cuda_linear_norm_tf32(queue(), &p, &norm));
  written.fetch("y");
  if (keeps_sums) sums.fetch("sums");
  if (has_addend) y_plus.fetch("y_plus");
  // The sums of one channel are all alike, so that epsilon decides; otherwise their deviation is above a tenth.
  const double tolerance = 2.4e-7 * (6 + depth), amplified = tolerance * (channels <= 4 ? 320 : 20);
  for (int n = 0; n < batch; n++) {
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < channels; o++) {
        const size_t at = (size_t)((n * rows + r) * channels + o);
        if (keeps_sums) expect_close("sums", n, r, o, before[at], sums.at(n, r, o), tolerance * (1 + std::fabs(before[at])));
        expect_close("y", n, r, o, normalised[at], written.at(n, r, o), amplified);
        if (has_addend) expect_close("y_plus", n, r, o, normalised[at] + (double)addend.at(n, r, o), y_plus.at(n, r, o), amplified);
      }
    }
  }
}

}  // namespace

void test_linear_norm(int index) { run(index, F32); }
void test_tensor_linear_norm(int index) { run(index, index % 2 == 0 ? BF16 : TF32); }
