// What a box head's number becomes: sigmoid(delta + start of its reference), or a box moved and scaled. Coordinates are fp32 always.
#ifndef DETR4J_CUDA_REFINEMENT_H
#define DETR4J_CUDA_REFINEMENT_H

#include "../elementary.h"
#include "../queue.h"

// log(x / (1 - x)) with x in [0, 1] and both parts at least epsilon. The comparisons let NaN through.
DETR4J_DEVICE float inverse_sigmoid(float x, float epsilon) {
  x = x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
  const float y = 1.0f - x;
  return log_f32((x < epsilon ? epsilon : x) / (y < epsilon ? epsilon : y));
}

DETR4J_DEVICE int reference_columns(int kind) {
  return kind == DETR4J_CUDA_REFERENCE_NONE ? 0 : kind == DETR4J_CUDA_REFERENCE_POINT ? 2 : 4;
}

// Writes one number of a query.
DETR4J_DEVICE void store_refined(const detr4j_cuda_box_refinement& p, int64_t item, int64_t query, int column, float delta) {
  if (p.reference_kind == DETR4J_CUDA_REFERENCE_RELATIVE) {
    const float* box = p.reference + item * p.reference_batch_stride + query * p.reference_row_stride;
    const float length = box[2 + column % 2];
    p.out[item * p.out_batch_stride + query * p.out_row_stride + column] = column < 2 ? delta * length + box[column] : exp_f32(delta) * length;
    return;
  }
  float start = 0.0f;
  if (column < reference_columns(p.reference_kind)) {
    start = p.reference[item * p.reference_batch_stride + query * p.reference_row_stride + column];
    if (p.reference_kind != DETR4J_CUDA_REFERENCE_LOGITS) start = inverse_sigmoid(start, p.epsilon);
  }
  p.out[item * p.out_batch_stride + query * p.out_row_stride + column] = sigmoid_f32(delta + start);
}

inline int32_t refuse_refinement(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_box_refinement& p) {
  DETR4J_REQUIRE(queue, p.reference_kind >= DETR4J_CUDA_REFERENCE_NONE && p.reference_kind <= DETR4J_CUDA_REFERENCE_RELATIVE, "%s: reference kind %d", kernel,
                 p.reference_kind);
  DETR4J_REQUIRE(queue, p.reference_kind != DETR4J_CUDA_REFERENCE_RELATIVE || p.columns == 4, "%s: %d columns of a box that is moved", kernel, p.columns);
  DETR4J_REQUIRE(queue, p.batch >= 0 && p.queries >= 0 && p.columns >= 1, "%s: [%d, %d, %d]", kernel, p.batch, p.queries, p.columns);
  return DETR4J_CUDA_OK;
}

#endif  // DETR4J_CUDA_REFINEMENT_H
