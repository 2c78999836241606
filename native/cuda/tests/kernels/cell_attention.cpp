#include "../harness.h"

namespace {

// In fp32 and in the order of the contract, where the last bit may choose the neighbour.
int cell(float centre, float size, float offset, int points, int extent) {
  const float location = centre + offset / (float)points * size * 0.5f;
  const float at = location * (float)extent + 0.5f;
  if (std::isnan(at) || at < 0) return 0;
  return at >= (float)extent ? extent - 1 : (int)at;
}

}  // namespace

void test_cell_attention(int index) {
  detr4j_cuda_cell_attention p{};
  p.batch = between(1, 2), p.queries = between(1, 12), p.heads = between(1, 5), p.head_dim = extent(index), p.levels_count = between(1, 4);
  p.points = between(1, 12);
  std::vector<int32_t> levels;
  for (int l = 0; l < p.levels_count; l++) {
    levels.insert(levels.end(), {between(1, 9), between(1, 9), p.tokens});
    p.tokens += levels[(size_t)(3 * l)] * levels[(size_t)(3 * l + 1)];
  }
  const int samples = p.levels_count * p.points;
  Tensor value(Tensor::RANDOM, p.batch, p.tokens, p.heads * p.head_dim), offsets(Tensor::RANDOM, p.batch, p.queries, p.heads * samples * 2);
  Tensor logits(Tensor::RANDOM, p.batch, p.queries, p.heads * samples), reference(Tensor::RANDOM, p.batch, p.queries, 4);
  Tensor out(Tensor::OUTPUT, p.batch, p.queries, p.heads * p.head_dim);
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int c = 0; c < 4; c++) reference.at(n, q, c) = uniform(0, 1);
      for (int i = 0; i < p.heads * samples * 2; i++) offsets.at(n, q, i) *= chance(8) ? 1e30f : 4.0f;
    }
  }
  reference.upload(), offsets.upload();
  if (index % 4 == 3) offsets.sprinkle(3), reference.sprinkle(1);
  if (index % 4 == 2) logits.sprinkle(1);
  Array<int32_t> level_numbers(levels);
  describe("%d items, %d queries, %d heads of %d, %d levels of %d points", p.batch, p.queries, p.heads, p.head_dim, p.levels_count, p.points);
  p.levels = level_numbers.on_device();
  p.value = value.on_device(), p.value_row_stride = value.row_stride, p.value_batch_stride = value.batch_stride;
  p.offsets = offsets.on_device(), p.offsets_row_stride = offsets.row_stride, p.offsets_batch_stride = offsets.batch_stride;
  p.logits = logits.on_device(), p.logits_row_stride = logits.row_stride, p.logits_batch_stride = logits.batch_stride;
  p.reference = reference.on_device(), p.reference_row_stride = reference.row_stride, p.reference_batch_stride = reference.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_cell_attention_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int h = 0; h < p.heads; h++) {
        double largest = -INFINITY;
        for (int s = 0; s < samples; s++) largest = std::fmax(largest, (double)logits.at(n, q, h * samples + s));
        for (int c = 0; c < p.head_dim; c++) {
          double sum = 0, total = 0;
          for (int s = 0; s < samples; s++) {
            const int32_t* level = &levels[(size_t)(3 * (s / p.points))];
            const float* at = &offsets.at(n, q, (h * samples + s) * 2);
            const int column = cell(reference.at(n, q, 0), reference.at(n, q, 2), at[0], p.points, level[1]);
            const int row = cell(reference.at(n, q, 1), reference.at(n, q, 3), at[1], p.points, level[0]);
            const double weight = std::exp((double)logits.at(n, q, h * samples + s) - largest);
            total += weight;
            sum += weight * (double)value.at(n, level[2] + row * level[1] + column, h * p.head_dim + c);
          }
          expect_close("out", n, q, h * p.head_dim + c, sum / total, out.at(n, q, h * p.head_dim + c), 1.2e-7 * (8 + samples));
        }
      }
    }
  }
}
