#include "../harness.h"

namespace {

// Sampling points: uniform over the map and around it, on cell centres, on borders, far outside, infinite.
float odd_offset(int extent, float reference) {
  const float huge[] = {1e30f, -1e30f, 3e9f, -3e9f, INFINITY, -INFINITY, 65536.0f, -40000.0f};
  switch (between(0, 5)) {
    case 0: return (float)between(-2, extent + 1) + 0.5f - reference * (float)extent;
    case 1: return (float)(chance(2) ? 0 : extent) - reference * (float)extent;
    case 2: return huge[between(0, 7)];
    default: return uniform(-(float)extent - 2, (float)extent + 2);
  }
}

struct Level {
  int height, width, first;
};

}  // namespace

void test_ms_deform_attention(int index) {
  detr4j_cuda_ms_deform_attention p{};
  p.batch = between(1, 2), p.queries = between(1, 30), p.heads = between(1, 9), p.head_dim = chance(2) ? 4 * between(1, 20) : extent(index % 40);
  p.levels_count = between(1, 4), p.points = between(1, 6), p.reference_columns = chance(2) ? 2 : 4, p.shared_value = chance(4);
  std::vector<Level> levels;
  std::vector<int32_t> numbers;
  for (int l = 0; l < p.levels_count; l++) {
    levels.push_back({between(1, 9), between(1, 9), p.tokens});
    numbers.insert(numbers.end(), {levels.back().height, levels.back().width, levels.back().first});
    p.tokens += levels.back().height * levels.back().width;
  }
  const int samples = p.levels_count * p.points, dim = p.head_dim, out_dim = p.shared_value ? dim + 1 : dim;
  Tensor value(Tensor::RANDOM, p.batch, p.tokens, p.shared_value ? dim : p.heads * dim), logits(Tensor::RANDOM, p.batch, p.queries, p.heads * samples);
  Tensor offsets(Tensor::RANDOM, p.batch, p.queries, p.heads * samples * 2), reference(Tensor::RANDOM, p.batch, p.queries, p.reference_columns);
  Tensor out(Tensor::OUTPUT, p.batch, p.queries, p.heads * out_dim);
  Array<int32_t> level_numbers(numbers);
  Array<float> ratios(std::vector<float>((size_t)(p.batch * p.levels_count * 2)));
  for (float& r : ratios.host) r = uniform(0.5f, 1);
  expect_ok(detr4j_cuda_upload(queue(), ratios.on_device(), ratios.host.data(), (int64_t)(4 * ratios.host.size())));
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int c = 0; c < p.reference_columns; c++) reference.at(n, q, c) = uniform(0, 1);
      for (int h = 0; h < p.heads; h++) {
        for (int s = 0; s < samples; s++) {
          const Level& level = levels[(size_t)(s / p.points)];
          const int at = (h * samples + s) * 2;
          offsets.at(n, q, at) = odd_offset(level.width, reference.at(n, q, 0));
          offsets.at(n, q, at + 1) = odd_offset(level.height, reference.at(n, q, 1));
          logits.at(n, q, h * samples + s) *= 4;
        }
      }
    }
  }
  const bool has_nan = index % 5 == 4;
  if (has_nan) {
    switch (between(0, 2)) {
      case 0: logits.at(0, 0, between(0, p.heads * samples - 1)) = NAN; break;
      case 1: offsets.at(0, 0, between(0, p.heads * samples * 2 - 1)) = NAN; break;
      default: reference.at(0, 0, between(0, p.reference_columns - 1)) = NAN;
    }
  }
  reference.upload(), offsets.upload(), logits.upload();
  describe("%d items, %d queries, %d heads of %d, %d levels of %d points, %d reference columns, shared value %d", p.batch, p.queries, p.heads, dim,
           p.levels_count, p.points, p.reference_columns, p.shared_value);
  p.levels = level_numbers.on_device(), p.valid_ratios = ratios.on_device();
  p.value = value.on_device(), p.value_row_stride = value.row_stride, p.value_batch_stride = value.batch_stride;
  p.offsets = offsets.on_device(), p.offsets_row_stride = offsets.row_stride, p.offsets_batch_stride = offsets.batch_stride;
  p.logits = logits.on_device(), p.logits_row_stride = logits.row_stride, p.logits_batch_stride = logits.batch_stride;
  p.reference = reference.on_device(), p.reference_row_stride = reference.row_stride, p.reference_batch_stride = reference.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_ms_deform_attention_f32(queue(), &p));
  out.fetch("out");

  std::vector<double> sum((size_t)out_dim);
  for (int n = 0; n < p.batch; n++) {
    for (int q = 0; q < p.queries; q++) {
      for (int h = 0; h < p.heads; h++) {
        double largest = -INFINITY, total = 0;
        bool nan = false, near = false;  // near: fp32 may round a coordinate across a cell's border
        for (int s = 0; s < samples; s++) {
          const double logit = (double)logits.at(n, q, h * samples + s);
          if (logit > largest) largest = logit;
        }
        for (int s = 0; s < samples; s++) total += std::exp((double)logits.at(n, q, h * samples + s) - largest);
        std::fill(sum.begin(), sum.end(), 0.0);
        for (int s = 0; s < samples; s++) {
          const Level& level = levels[(size_t)(s / p.points)];
          double at[2];
          for (int axis = 0; axis < 2; axis++) {
            const double ratio = (double)ratios.host[(size_t)((n * p.levels_count + s / p.points) * 2 + axis)];
            const double whole = axis == 0 ? level.width : level.height, offset = (double)offsets.at(n, q, (h * samples + s) * 2 + axis);
            const double centre = (double)reference.at(n, q, axis) * ratio;
            const double location =
                p.reference_columns == 2 ? centre + offset / whole : centre + offset / p.points * (double)reference.at(n, q, 2 + axis) * ratio * 0.5;
            at[axis] = location * whole - 0.5;
            near |= std::fabs(at[axis] - std::rint(at[axis])) < 1e-3;
          }
          nan |= std::isnan(at[0]) || std::isnan(at[1]) || std::isnan((double)logits.at(n, q, h * samples + s));
          if (!(at[0] > -1 && at[0] < level.width && at[1] > -1 && at[1] < level.height)) continue;
          const double weight = std::exp((double)logits.at(n, q, h * samples + s) - largest) / total;
          for (int corner = 0; corner < 4; corner++) {
            const int x = (int)std::floor(at[0]) + corner % 2, y = (int)std::floor(at[1]) + corner / 2;
            if (x < 0 || y < 0 || x >= level.width || y >= level.height) continue;
            const double share = weight * (1 - std::fabs(at[0] - x)) * (1 - std::fabs(at[1] - y));
            for (int c = 0; c < out_dim; c++) {
              const int channel = p.shared_value ? c : h * dim + c;
              sum[(size_t)c] += share * (c == dim ? 1 : (double)value.at(n, level.first + y * level.width + x, channel));
            }
          }
        }
        for (int c = 0; c < out_dim; c++) {
          expect_close("out", n, q, h * out_dim + c, nan ? (double)NAN : sum[(size_t)c], out.at(n, q, h * out_dim + c), near ? 1e-4 : 1e-5);
        }
      }
    }
  }
}
