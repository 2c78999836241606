// The largest value under a square window, one output a thread; neighbouring threads have neighbouring channels. A maximum does not round, so the
// map may be bf16.
#include "elementwise.h"
#include "numbers.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) max_pool_kernel(const __grid_constant__ detr4j_cuda_max_pool p) {
  const Element e = own_element(p.batch, (int64_t)p.out_h * p.out_w, p.channels);
  if (!e.there) return;
  const int top = (int)(e.row / p.out_w) * p.stride - p.padding, left = (int)(e.row % p.out_w) * p.stride - p.padding;
  const int64_t x = e.item * p.x_batch_stride + e.column;
  float largest = -INFINITY;
  for (int h = top < 0 ? 0 : top; h < top + p.kernel && h < p.in_h; h++) {
    for (int w = left < 0 ? 0 : left; w < left + p.kernel && w < p.in_w; w++) {
      largest = larger(largest, number_at(p.x, p.x_type, x + ((int64_t)h * p.in_w + w) * p.x_row_stride));
    }
  }
  put_number(p.out, p.out_type, e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column, largest);
}

}  // namespace

extern "C" int32_t detr4j_cuda_max_pool_f32(detr4j_cuda_queue* queue, const detr4j_cuda_max_pool* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->out_h >= 1 && p->out_w >= 1 && p->channels >= 1, "max_pool: output [%d, %d, %d, %d]", p->batch, p->out_h,
                 p->out_w, p->channels);
  DETR4J_REQUIRE(queue, p->kernel >= 1 && p->stride >= 1 && p->padding >= 0 && 2 * p->padding <= p->kernel, "max_pool: kernel %d, stride %d, padding %d",
                 p->kernel, p->stride, p->padding);
  DETR4J_REQUIRE(queue, is_number_type(p->x_type) && is_number_type(p->out_type), "max_pool: types %d and %d", p->x_type, p->out_type);
  return run_elements(queue, "max_pool_f32", (int64_t)p->batch * p->out_h * p->out_w * p->channels, max_pool_kernel, *p);
}
