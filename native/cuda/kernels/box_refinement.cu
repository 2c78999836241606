// sigmoid(delta + start), one number a thread.
#include "elementwise.h"
#include "refinement.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) box_refinement_kernel(const __grid_constant__ detr4j_cuda_box_refinement p) {
  const Element e = own_element(p.batch, p.queries, p.columns);
  if (!e.there) return;
  store_refined(p, e.item, e.row, e.column, p.delta[e.item * p.delta_batch_stride + e.row * p.delta_row_stride + e.column]);
}

}  // namespace

extern "C" int32_t detr4j_cuda_box_refinement_f32(detr4j_cuda_queue* queue, const detr4j_cuda_box_refinement* p) {
  const int32_t refused = refuse_refinement(queue, "box_refinement", *p);
  if (refused != DETR4J_CUDA_OK) return refused;
  return run_elements(queue, "box_refinement_f32", (int64_t)p->batch * p->queries * p->columns, box_refinement_kernel, *p);
}
