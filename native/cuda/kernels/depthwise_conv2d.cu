// Depthwise convolution: every channel has a filter of its own. One output a thread; neighbouring threads have neighbouring
// channels, so that a warp reads rows of pixels and of weights. Pixels outside the map are zeros and are multiplied.
#include "../elementary.h"
#include "elementwise.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) depthwise_conv2d_kernel(const __grid_constant__ detr4j_cuda_conv2d p) {
  const Element e = own_element(p.batch, (int64_t)p.out_h * p.out_w, p.out_c);
  if (!e.there) return;
  const int top = (int)(e.row / p.out_w) * p.stride - p.padding, left = (int)(e.row % p.out_w) * p.stride - p.padding;
  const float *x = static_cast<const float*>(p.x) + e.item * p.x_batch_stride + e.column, *weight = static_cast<const float*>(p.weight);
  float sum = 0.0f;
  for (int i = 0; i < p.kernel_h; i++) {
    for (int j = 0; j < p.kernel_w; j++) {
      const int h = top + i * p.dilation, w = left + j * p.dilation;
      const bool inside = (unsigned)h < (unsigned)p.in_h && (unsigned)w < (unsigned)p.in_w;
      const float pixel = inside ? x[((int64_t)h * p.in_w + w) * p.x_row_stride] : 0.0f;
      sum = __fmaf_rn(pixel, weight[(int64_t)(i * p.kernel_w + j) * p.out_c + e.column], sum);
    }
  }
  if (p.bias != nullptr) sum += p.bias[e.column];
  if (p.residual != nullptr) sum += p.residual[e.item * p.residual_batch_stride + e.row * p.residual_row_stride + e.column];
  if (p.activation == DETR4J_CUDA_ACTIVATION_RELU) sum = sum < 0.0f ? 0.0f : sum;
  if (p.activation == DETR4J_CUDA_ACTIVATION_GELU) sum = gelu_f32(sum);
  if (p.activation == DETR4J_CUDA_ACTIVATION_SILU) sum = silu_f32(sum);
  static_cast<float*>(p.out)[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = sum;
}

}  // namespace

extern "C" int32_t detr4j_cuda_depthwise_conv2d_f32(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p) {
  DETR4J_REQUIRE(queue, p->groups == p->in_c && p->groups == p->out_c && p->groups >= 1, "depthwise_conv2d: %d groups of %d and %d channels", p->groups,
                 p->in_c, p->out_c);
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->out_h >= 1 && p->out_w >= 1, "depthwise_conv2d: output [%d, %d, %d]", p->batch, p->out_h, p->out_w);
  DETR4J_REQUIRE(queue, p->kernel_h >= 1 && p->kernel_w >= 1 && p->stride >= 1 && p->padding >= 0 && p->dilation >= 1,
                 "depthwise_conv2d: kernel %d x %d, stride %d, padding %d, dilation %d", p->kernel_h, p->kernel_w, p->stride, p->padding, p->dilation);
  DETR4J_REQUIRE(queue, p->row_mask_mode == DETR4J_CUDA_ROW_MASK_NONE, "depthwise_conv2d: row mask mode %d", p->row_mask_mode);
  DETR4J_REQUIRE(queue, p->x_type == DETR4J_CUDA_TYPE_F32 && p->out_type == DETR4J_CUDA_TYPE_F32, "depthwise_conv2d: types %d and %d", p->x_type,
                 p->out_type);
  return run_elements(queue, "depthwise_conv2d_f32", (int64_t)p->batch * p->out_h * p->out_w * p->out_c, depthwise_conv2d_kernel, *p);
}
