// sigmoid(a1) b1 + sigmoid(a2) b2, one element a thread; the second half of a row of a and b lies p.columns further.
#include "../elementary.h"
#include "elementwise.h"

namespace {

__global__ void __launch_bounds__(ELEMENT_THREADS) gate_kernel(const __grid_constant__ detr4j_cuda_add p) {
  const Element e = own_element(p.batch, p.rows, p.columns);
  if (!e.there) return;
  const float* logits = p.a + e.item * p.a_batch_stride + e.row * p.a_row_stride + e.column;
  const float* values = p.b + e.item * p.b_batch_stride + e.row * p.b_row_stride + e.column;
  const float first = sigmoid_f32(logits[0]) * values[0], second = sigmoid_f32(logits[p.columns]) * values[p.columns];
  p.out[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = first + second;
}

}  // namespace

extern "C" int32_t detr4j_cuda_gate_f32(detr4j_cuda_queue* queue, const detr4j_cuda_add* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->rows >= 0 && p->columns >= 1 && p->columns <= INT32_MAX / 2, "gate: [%d, %lld, %d]", p->batch,
                 (long long)p->rows, p->columns);
  return run_elements(queue, "gate_f32", p->batch * p->rows * p->columns, gate_kernel, *p);
}
