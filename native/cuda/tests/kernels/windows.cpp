#include "../map.h"

void test_max_pool(int index) {
  detr4j_cuda_max_pool p{};
  p.batch = between(1, 2), p.in_h = between(1, 9), p.in_w = between(1, 11), p.channels = extent(index);
  p.kernel = between(1, 3), p.stride = between(1, 2), p.padding = between(0, p.kernel / 2);
  while (p.in_h + 2 * p.padding < p.kernel) p.in_h++;
  while (p.in_w + 2 * p.padding < p.kernel) p.in_w++;
  p.out_h = (p.in_h + 2 * p.padding - p.kernel) / p.stride + 1;
  p.out_w = (p.in_w + 2 * p.padding - p.kernel) / p.stride + 1;
  Map x(chance(2), p.batch, p.in_h * p.in_w, p.channels), out(chance(2), p.batch, p.out_h * p.out_w, p.channels);
  for (int n = 0; n < p.batch; n++) {
    for (int i = 0; i < p.in_h * p.in_w; i++) {
      for (int c = 0; c < p.channels; c++) {
        const bool odd = index % 3 == 2 && chance(40);
        x.set(n, i, c, odd ? (chance(2) ? NAN : chance(2) ? INFINITY : -INFINITY) : rounded(uniform(-1, 1), 7, true));
      }
    }
  }
  x.upload();
  describe("[%d, %d, %d, %d], kernel %d, stride %d, padding %d, types %d and %d", p.batch, p.in_h, p.in_w, p.channels, p.kernel, p.stride, p.padding,
           x.type(), out.type());
  p.x_type = x.type(), p.out_type = out.type();
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_max_pool_f32(queue(), &p));
  out.fetch();
  for (int n = 0; n < p.batch; n++) {
    for (int oh = 0; oh < p.out_h; oh++) {
      for (int ow = 0; ow < p.out_w; ow++) {
        for (int c = 0; c < p.channels; c++) {
          double largest = -INFINITY;
          for (int i = 0; i < p.kernel * p.kernel; i++) {
            const int h = oh * p.stride - p.padding + i / p.kernel, w = ow * p.stride - p.padding + i % p.kernel;
            if (h < 0 || w < 0 || h >= p.in_h || w >= p.in_w) continue;
            const double v = (double)x.get(n, h * p.in_w + w, c);
            largest = std::isnan(v) || std::isnan(largest) ? (double)NAN : std::fmax(largest, v);
          }
          expect_close("out", n, oh * p.out_w + ow, c, largest, out.get(n, oh * p.out_w + ow, c), 0);
        }
      }
    }
  }
}

void test_average_pool(int index) {
  detr4j_cuda_max_pool p{};
  p.batch = between(1, 2), p.in_h = between(1, 9), p.in_w = between(1, 11), p.channels = extent(index);
  p.kernel = between(1, 3), p.stride = between(1, p.kernel);
  // Rounded up, as the windows may leave the map at the bottom and right.
  p.out_h = p.in_h <= p.kernel ? 1 : (p.in_h - p.kernel + p.stride - 1) / p.stride + 1;
  p.out_w = p.in_w <= p.kernel ? 1 : (p.in_w - p.kernel + p.stride - 1) / p.stride + 1;
  Tensor x(Tensor::RANDOM, p.batch, p.in_h * p.in_w, p.channels), out(Tensor::OUTPUT, p.batch, p.out_h * p.out_w, p.channels);
  if (index % 3 == 2) x.sprinkle(3);
  describe("[%d, %d, %d, %d], kernel %d, stride %d", p.batch, p.in_h, p.in_w, p.channels, p.kernel, p.stride);
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_average_pool_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int oh = 0; oh < p.out_h; oh++) {
      for (int ow = 0; ow < p.out_w; ow++) {
        for (int c = 0; c < p.channels; c++) {
          double sum = 0;
          int count = 0;
          for (int i = 0; i < p.kernel * p.kernel; i++) {
            const int h = oh * p.stride + i / p.kernel, w = ow * p.stride + i % p.kernel;
            if (h >= p.in_h || w >= p.in_w) continue;
            sum += (double)x.at(n, h * p.in_w + w, c);
            count++;
          }
          expect_close("out", n, oh * p.out_w + ow, c, sum / count, out.at(n, oh * p.out_w + ow, c), 1.2e-7 * 9);
        }
      }
    }
  }
}

void test_upsample(int index) {
  detr4j_cuda_upsample p{};
  p.batch = between(1, 2), p.in_h = between(1, 5), p.in_w = between(1, 6), p.channels = extent(index), p.factor = between(1, 3);
  Tensor x(Tensor::RANDOM, p.batch, p.in_h * p.in_w, p.channels);
  Tensor out(Tensor::OUTPUT, p.batch, p.factor * p.in_h * p.factor * p.in_w, p.channels);
  if (index % 3 == 2) x.sprinkle(3);
  describe("[%d, %d, %d, %d] by %d", p.batch, p.in_h, p.in_w, p.channels, p.factor);
  p.x = x.on_device(), p.x_row_stride = x.row_stride, p.x_batch_stride = x.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_upsample_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < p.batch; n++) {
    for (int h = 0; h < p.factor * p.in_h; h++) {
      for (int w = 0; w < p.factor * p.in_w; w++) {
        for (int c = 0; c < p.channels; c++) {
          const float expected = x.at(n, h / p.factor * p.in_w + w / p.factor, c);
          expect_close("out", n, (int64_t)h * p.factor * p.in_w + w, c, (double)expected, out.at(n, (int64_t)h * p.factor * p.in_w + w, c), 0);
        }
      }
    }
  }
}
