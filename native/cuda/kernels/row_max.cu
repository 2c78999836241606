// The largest value of each row, a warp a row.
#include "../queue.h"

namespace {

constexpr int WARPS = 8;

__global__ void __launch_bounds__(WARP_LANES* WARPS) row_max_kernel(const __grid_constant__ detr4j_cuda_row_max p) {
  const int lane = (int)threadIdx.x % WARP_LANES;
  const int64_t index = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP_LANES;
  if (index >= p.batch * p.rows) return;  // a whole warp
  const int64_t item = index / p.rows, row = index % p.rows;
  const float* x = p.x + item * p.x_batch_stride + row * p.x_row_stride;
  float largest = -INFINITY;
  for (int c = lane; c < p.columns; c += WARP_LANES) largest = larger(largest, x[c]);
  largest = warp_largest(largest);
  if (lane == 0) p.out[item * p.out_batch_stride + row * p.out_row_stride] = largest;
}

}  // namespace

extern "C" int32_t detr4j_cuda_row_max_f32(detr4j_cuda_queue* queue, const detr4j_cuda_row_max* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->rows >= 0 && p->columns >= 1 && (p->batch * p->rows) / WARPS < INT32_MAX, "row_max: [%d, %lld, %d]", p->batch,
                 (long long)p->rows, p->columns);
  if (p->batch * p->rows == 0) return DETR4J_CUDA_OK;
  return queue->run("row_max_f32", dim3(blocks_of(p->batch * p->rows, WARPS)), dim3(WARP_LANES * WARPS), 0, row_max_kernel, *p);
}
