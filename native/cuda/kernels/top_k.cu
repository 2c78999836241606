// The k largest scores of each item, in order: a block is one item, and ranking.h its plan.
#include "ranking.h"

namespace {

__global__ void __launch_bounds__(RANKING_THREADS, 2) top_k_kernel(const __grid_constant__ detr4j_cuda_top_k p) {
  Ranking& s = shared_memory<Ranking>();
  const int64_t item = blockIdx.x;
  auto score_of = [&](int index) { return p.x[item * p.x_batch_stride + index / p.columns * p.x_row_stride + index % p.columns]; };
  rank(s, (int)p.rows * p.columns, p.k, score_of);
  for (int i = (int)threadIdx.x; i < p.k; i += RANKING_THREADS) {
    const int index = ranking_index(s.keys[i]);
    p.values[item * p.k + i] = score_of(index);
    p.indices[item * p.k + i] = index;
  }
}

}  // namespace

extern "C" int32_t detr4j_cuda_device_top_k_most(const detr4j_cuda_device* device) {
  int32_t most = DETR4J_CUDA_TOP_K_MOST;
  while (ranking_bytes(most) > device->shared_memory) most /= 2;
  return most;
}

extern "C" int32_t detr4j_cuda_top_k_f32(detr4j_cuda_queue* queue, const detr4j_cuda_top_k* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->rows >= 0 && p->columns >= 1 && p->rows * p->columns <= RANKING_MOST, "top_k: of [%d, %lld, %d]", p->batch,
                 (long long)p->rows, p->columns);
  const int32_t most = detr4j_cuda_device_top_k_most(queue->device);
  DETR4J_REQUIRE(queue, p->k >= 0 && p->k <= p->rows * p->columns && p->k <= most, "top_k: %d of %lld scores; there may be %d", p->k,
                 (long long)(p->rows * p->columns), most);
  if (p->batch == 0 || p->k == 0) return DETR4J_CUDA_OK;
  return queue->run("top_k_f32", dim3((unsigned)p->batch), dim3(RANKING_THREADS), ranking_bytes(p->k), top_k_kernel, *p);
}
