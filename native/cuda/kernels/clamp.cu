// out = min(max(x, least), most), one element a thread. The comparisons let NaN through.
#include "elementwise.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) clamp_kernel(const __grid_constant__ detr4j_cuda_clamp p) {
  const Element e = own_element(p.batch, p.rows, p.columns);
  if (!e.there) return;
  const float x = p.x[e.item * p.x_batch_stride + e.row * p.x_row_stride + e.column];
  p.out[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = x < p.least ? p.least : x > p.most ? p.most : x;
}

}  // namespace

extern "C" int32_t detr4j_cuda_clamp_f32(detr4j_cuda_queue* queue, const detr4j_cuda_clamp* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->rows >= 0 && p->columns >= 1, "clamp: [%d, %lld, %d]", p->batch, (long long)p->rows, p->columns);
  DETR4J_REQUIRE(queue, p->least <= p->most, "clamp: from %g to %g", (double)p->least, (double)p->most);
  return run_elements(queue, "clamp_f32", p->batch * p->rows * p->columns, clamp_kernel, *p);
}
