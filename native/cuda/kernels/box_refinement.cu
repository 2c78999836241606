// sigmoid(delta + start), one number a thread; coordinates are fp32 always.
#include "../elementary.h"
#include "elementwise.h"

namespace {

// log(x / (1 - x)) with x in [0, 1] and both parts at least epsilon. The comparisons let NaN through.
DETR4J_DEVICE float inverse_sigmoid(float x, float epsilon) {
  x = x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
  const float y = 1.0f - x;
  return log_f32((x < epsilon ? epsilon : x) / (y < epsilon ? epsilon : y));
}

DETR4J_DEVICE int reference_columns(int kind) {
  return kind == DETR4J_CUDA_REFERENCE_NONE ? 0 : kind == DETR4J_CUDA_REFERENCE_POINT ? 2 : 4;
}

__global__ void __launch_bounds__(ELEMENT_THREADS) box_refinement_kernel(const __grid_constant__ detr4j_cuda_box_refinement p) {
  const Element e = own_element(p.batch, p.queries, p.columns);
  if (!e.there) return;
  float start = 0.0f;
  if (e.column < reference_columns(p.reference_kind)) {
    start = p.reference[e.item * p.reference_batch_stride + e.row * p.reference_row_stride + e.column];
    if (p.reference_kind != DETR4J_CUDA_REFERENCE_LOGITS) start = inverse_sigmoid(start, p.epsilon);
  }
  const float delta = p.delta[e.item * p.delta_batch_stride + e.row * p.delta_row_stride + e.column];
  p.out[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = sigmoid_f32(delta + start);
}

}  // namespace

extern "C" int32_t detr4j_cuda_box_refinement_f32(detr4j_cuda_queue* queue, const detr4j_cuda_box_refinement* p) {
  DETR4J_REQUIRE(queue, p->reference_kind >= DETR4J_CUDA_REFERENCE_NONE && p->reference_kind <= DETR4J_CUDA_REFERENCE_LOGITS,
                 "box_refinement: reference kind %d", p->reference_kind);
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->queries >= 0 && p->columns >= 1, "box_refinement: [%d, %d, %d]", p->batch, p->queries, p->columns);
  return run_elements(queue, "box_refinement_f32", (int64_t)p->batch * p->queries * p->columns, box_refinement_kernel, *p);
}
