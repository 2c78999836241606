// The mean of the pixels under a square window, one output a thread; neighbouring threads have neighbouring channels.
#include "elementwise.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) average_pool_kernel(const __grid_constant__ detr4j_cuda_max_pool p) {
  const Element e = own_element(p.batch, (int64_t)p.out_h * p.out_w, p.channels);
  if (!e.there) return;
  const int top = (int)(e.row / p.out_w) * p.stride, left = (int)(e.row % p.out_w) * p.stride;
  const int bottom = top + p.kernel < p.in_h ? top + p.kernel : p.in_h, right = left + p.kernel < p.in_w ? left + p.kernel : p.in_w;
  const float* x = static_cast<const float*>(p.x) + e.item * p.x_batch_stride + e.column;
  float sum = 0.0f;
  for (int h = top; h < bottom; h++) {
    for (int w = left; w < right; w++) sum += x[((int64_t)h * p.in_w + w) * p.x_row_stride];
  }
  static_cast<float*>(p.out)[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = sum / (float)((bottom - top) * (right - left));
}

}  // namespace

extern "C" int32_t detr4j_cuda_average_pool_f32(detr4j_cuda_queue* queue, const detr4j_cuda_max_pool* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->out_h >= 1 && p->out_w >= 1 && p->channels >= 1, "average_pool: output [%d, %d, %d, %d]", p->batch, p->out_h,
                 p->out_w, p->channels);
  DETR4J_REQUIRE(queue, p->kernel >= 1 && p->stride >= 1 && p->padding == 0, "average_pool: kernel %d, stride %d, padding %d", p->kernel, p->stride,
                 p->padding);
  DETR4J_REQUIRE(queue, p->x_type == DETR4J_CUDA_TYPE_F32 && p->out_type == DETR4J_CUDA_TYPE_F32, "average_pool: types %d and %d", p->x_type, p->out_type);
  DETR4J_REQUIRE(queue, (int64_t)(p->out_h - 1) * p->stride < p->in_h && (int64_t)(p->out_w - 1) * p->stride < p->in_w,
                 "average_pool: %d x %d windows, %d apart, of a map %d x %d", p->out_h, p->out_w, p->stride, p->in_h, p->in_w);
  return run_elements(queue, "average_pool_f32", (int64_t)p->batch * p->out_h * p->out_w * p->channels, average_pool_kernel, *p);
}
