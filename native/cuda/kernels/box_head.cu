// The last layer of a box head and the refinement behind it: a warp is one query.
//
//   sum      each lane multiplies every 32nd input with its up to four weights, which lie side by side
//   warp     the lanes' sums meet in a butterfly, so that every lane has all four
//   store    lane c refines number c
//
// A query has 256 inputs and 4 outputs, so a block of conv2d.cu would do 16 times the work.
#include "product.h"
#include "refinement.h"

namespace {

constexpr int WARPS = 4, MOST_COLUMNS = 4;

__global__ void __launch_bounds__(WARPS* WARP_LANES) box_head_kernel(const __grid_constant__ detr4j_cuda_conv2d p,
                                                                    const __grid_constant__ detr4j_cuda_box_refinement refinement) {
  const int lane = (int)threadIdx.x % WARP_LANES;
  const int64_t query = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP_LANES;
  if (query >= (int64_t)p.batch * p.out_h) return;  // the whole warp
  const int64_t item = query / p.out_h, row = query % p.out_h;
  const float* x = static_cast<const float*>(p.x) + item * p.x_batch_stride + row * p.x_row_stride;
  const float4* weight = static_cast<const float4*>(p.weight);
  float sum[MOST_COLUMNS] = {};
  for (int i = lane; i < p.in_c; i += WARP_LANES) {
    const float v = x[i];
    const float4 w = weight[i];
    sum[0] = __fmaf_rn(v, w.x, sum[0]);
    sum[1] = __fmaf_rn(v, w.y, sum[1]);
    sum[2] = __fmaf_rn(v, w.z, sum[2]);
    sum[3] = __fmaf_rn(v, w.w, sum[3]);
  }
  float own = 0.0f;
#pragma unroll
  for (int c = 0; c < MOST_COLUMNS; c++) {
    const float whole = warp_sum(sum[c]);
    if (c == lane) own = whole;
  }
  if (lane >= p.out_c) return;
  if (p.bias != nullptr) own += p.bias[lane];
  if (p.out != nullptr) static_cast<float*>(p.out)[item * p.out_batch_stride + row * p.out_row_stride + lane] = own;
  store_refined(refinement, item, row, lane, own);
}

}  // namespace

extern "C" int32_t detr4j_cuda_box_head_f32(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, const detr4j_cuda_box_refinement* refinement) {
  int32_t refused = refuse_product(queue, "box_head", *p);
  if (refused == DETR4J_CUDA_OK) refused = refuse_refinement(queue, "box_head", *refinement);
  if (refused != DETR4J_CUDA_OK) return refused;
  DETR4J_REQUIRE(queue, p->kernel_h == 1 && p->kernel_w == 1 && p->stride == 1 && p->padding == 0 && p->groups == 1 && p->in_w == 1,
                 "box_head: kernel %d x %d, stride %d, padding %d, %d groups", p->kernel_h, p->kernel_w, p->stride, p->padding, p->groups);
  DETR4J_REQUIRE(queue, p->activation == DETR4J_CUDA_ACTIVATION_NONE && p->row_mask_mode == DETR4J_CUDA_ROW_MASK_NONE && p->residual == nullptr,
                 "box_head: activation %d, row mask mode %d", p->activation, p->row_mask_mode);
  DETR4J_REQUIRE(queue, p->x_type == DETR4J_CUDA_TYPE_F32 && p->out_type == DETR4J_CUDA_TYPE_F32, "box_head: types %d and %d", p->x_type, p->out_type);
  DETR4J_REQUIRE(queue, p->out_c <= MOST_COLUMNS && p->out_c == refinement->columns, "box_head: %d outputs, %d of them refined; there may be %d", p->out_c,
                 refinement->columns, MOST_COLUMNS);
  DETR4J_REQUIRE(queue, p->batch == refinement->batch && p->out_h == refinement->queries, "box_head: [%d, %d], a refinement of [%d, %d]", p->batch, p->out_h,
                 refinement->batch, refinement->queries);
  return queue->run("box_head_f32", dim3(blocks_of((int64_t)p->batch * p->out_h, WARPS)), dim3(WARPS * WARP_LANES), 0, box_head_kernel, *p, *refinement);
}
