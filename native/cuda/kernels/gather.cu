// Rows by index. The indices come from top_k on the same queue, so the host cannot check them: a wrong one gives NaN.
#include "elementwise.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) gather_kernel(const __grid_constant__ detr4j_cuda_gather p) {
  const Element e = own_element(p.batch, p.k, p.columns);
  if (!e.there) return;
  const int index = p.indices[e.item * p.k + e.row];
  const bool inside = index >= 0 && index < p.rows;
  p.out[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] =
      inside ? p.x[e.item * p.x_batch_stride + index * p.x_row_stride + e.column] : NAN;
}

}  // namespace

extern "C" int32_t detr4j_cuda_gather_f32(detr4j_cuda_queue* queue, const detr4j_cuda_gather* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->k >= 0 && p->columns >= 1 && p->rows >= 0, "gather: %d of [%d, %lld, %d]", p->k, p->batch, (long long)p->rows,
                 p->columns);
  return run_elements(queue, "gather_f32", (int64_t)p->batch * p->k * p->columns, gather_kernel, *p);
}
