// The sine code of proposal boxes: the codes of 2 pi cx, 2 pi cy, 2 pi w, 2 pi h one after another, one number a thread.
#include "../elementary.h"
#include "elementwise.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) proposal_embedding_kernel(const __grid_constant__ detr4j_cuda_proposal_embedding p) {
  const Element e = own_element(p.batch, p.queries, 4 * p.features);
  if (!e.there) return;
  const int feature = e.column % p.features;
  const float c = p.boxes[e.item * p.boxes_batch_stride + e.row * p.boxes_row_stride + e.column / p.features] * 6.283185307179586f;
  p.out[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = sine_f32(c / p.divisors[feature], feature & 1);
}

}  // namespace

extern "C" int32_t detr4j_cuda_proposal_embedding_f32(detr4j_cuda_queue* queue, const detr4j_cuda_proposal_embedding* p) {
  DETR4J_REQUIRE(queue, p->features >= 1, "proposal_embedding: %d features", p->features);
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->queries >= 0, "proposal_embedding: [%d, %d]", p->batch, p->queries);
  return run_elements(queue, "proposal_embedding_f32", (int64_t)p->batch * p->queries * 4 * p->features, proposal_embedding_kernel, *p);
}
