#include "../map.h"

void test_attention(int index) {
  const int batch = between(1, 2), heads = between(1, 3), dim = index % 9 == 8 ? between(65, 200) : extent(index % 46);
  const int queries = between(1, 70), keys = between(1, 100), columns = heads * dim;
  const bool narrow = index % 2 == 1;  // then each is bf16 or not, as chance has it
  Map q(narrow && chance(2), batch, queries, columns), k(narrow && chance(2), batch, keys, columns), v(narrow && chance(2), batch, keys, columns);
  Map out(narrow && chance(2), batch, queries, columns);
  for (int n = 0; n < batch; n++) {
    for (int c = 0; c < columns; c++) {
      for (int i = 0; i < queries; i++) q.set(n, i, c, narrow ? rounded(uniform(-1, 1), 7, true) : uniform(-1, 1));
      for (int j = 0; j < keys; j++) {
        k.set(n, j, c, narrow ? rounded(uniform(-1, 1), 7, true) : uniform(-1, 1));
        v.set(n, j, c, narrow ? rounded(uniform(-1, 1), 7, true) : uniform(-1, 1));
      }
    }
  }
  const bool has_mask = chance(2), has_nan = index % 6 == 5;
  Array<uint8_t> mask(std::vector<uint8_t>((size_t)(batch * keys)));
  for (uint8_t& m : mask.host) m = chance(3) ? 0 : (uint8_t)between(1, 255);
  for (int n = 0; n < batch; n++) {
    mask.host[(size_t)(n * keys + between(0, keys - 1))] = 1;
    for (int j = 0; j < keys && has_mask; j++) {  // what a left out key holds is nobody's business
      if (mask.host[(size_t)(n * keys + j)] == 0) k.set(n, j, between(0, columns - 1), NAN), v.set(n, j, between(0, columns - 1), INFINITY);
    }
  }
  if (has_nan) q.set(0, 0, 0, NAN);
  q.upload(), k.upload(), v.upload();
  expect_ok(detr4j_cuda_upload(queue(), mask.on_device(), mask.host.data(), (int64_t)mask.host.size()));
  detr4j_cuda_attention p{};
  p.batch = batch, p.queries = queries, p.keys = keys, p.heads = heads, p.head_dim = dim, p.scale = uniform(0.1f, 1);
  describe("%d items, %d queries, %d keys, %d heads of %d, mask %d", batch, queries, keys, heads, dim, has_mask);
  p.q_type = q.type(), p.k_type = k.type(), p.v_type = v.type(), p.out_type = out.type();
  p.q = q.on_device(), p.q_row_stride = q.row_stride, p.q_batch_stride = q.batch_stride;
  p.k = k.on_device(), p.k_row_stride = k.row_stride, p.k_batch_stride = k.batch_stride;
  p.v = v.on_device(), p.v_row_stride = v.row_stride, p.v_batch_stride = v.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  p.key_mask = has_mask ? mask.on_device() : nullptr;
  expect_ok(detr4j_cuda_attention_f32(queue(), &p));
  out.fetch();
  std::vector<double> weight((size_t)keys);
  for (int n = 0; n < batch; n++) {
    for (int i = 0; i < queries; i++) {
      for (int h = 0; h < heads; h++) {
        double largest = -INFINITY, total = 0;
        for (int j = 0; j < keys; j++) {
          double score = 0;
          for (int d = 0; d < dim; d++) score += (double)q.get(n, i, h * dim + d) * (double)k.get(n, j, h * dim + d);
          const bool left_out = has_mask && mask.host[(size_t)(n * keys + j)] == 0;
          weight[(size_t)j] = left_out ? -INFINITY : score * (double)p.scale;
          if (!left_out && !(weight[(size_t)j] <= largest)) largest = weight[(size_t)j];
        }
        for (double& w : weight) total += w = w == -INFINITY ? 0 : std::exp(w - largest);
        for (int d = 0; d < dim; d++) {
          double sum = 0;
          for (int j = 0; j < keys; j++) {
            if (!has_mask || mask.host[(size_t)(n * keys + j)] != 0) sum += weight[(size_t)j] / total * (double)v.get(n, j, h * dim + d);
          }
          // A result of bf16 has 8 bits.
          expect_close("out", n, i, h * dim + d, sum, out.get(n, i, h * dim + d), 2e-6 + 1.2e-7 * dim + (out.narrow ? 0x1p-8 * std::fabs(sum) : 0));
        }
      }
    }
  }
}
