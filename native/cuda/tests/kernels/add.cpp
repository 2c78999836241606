#include "../harness.h"

void test_add(int index) {
  const int batch = between(1, 2), rows = between(1, 9), columns = extent(index);
  Tensor a(Tensor::RANDOM, batch, rows, columns), b(Tensor::RANDOM, batch, rows, columns), out(Tensor::OUTPUT, batch, rows, columns);
  if (index % 4 == 3) a.sprinkle(2);
  describe("[%d, %d, %d]", batch, rows, columns);
  detr4j_cuda_add p{};
  p.batch = batch, p.rows = rows, p.columns = columns;
  p.a = a.on_device(), p.a_row_stride = a.row_stride, p.a_batch_stride = a.batch_stride;
  p.b = b.on_device(), p.b_row_stride = b.row_stride, p.b_batch_stride = b.batch_stride;
  p.out = out.on_device(), p.out_row_stride = out.row_stride, p.out_batch_stride = out.batch_stride;
  expect_ok(detr4j_cuda_add_f32(queue(), &p));
  out.fetch("out");
  for (int n = 0; n < batch; n++) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) expect_close("out", n, r, c, (double)(a.at(n, r, c) + b.at(n, r, c)), out.at(n, r, c), 0);
    }
  }
}
