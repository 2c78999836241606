// Box refinement: sigmoid(delta + inverse sigmoid of the reference), or a box moved and scaled. A few hundred boxes: plain loops, libm's accuracy.

#include "kernel.h"

// log(x / (1 - x)) with x in [0, 1] and both parts at least epsilon. The comparisons let NaN through.
static float inverse_sigmoid(float x, float epsilon) {
  x = x < 0 ? 0 : x > 1 ? 1 : x;
  const float y = 1 - x;
  return logf((x < epsilon ? epsilon : x) / (y < epsilon ? epsilon : y));
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static void relative(const float *delta, const float *box, float *out) {
  for (int32_t axis = 0; axis < 2; axis++) {
    const float length = box[2 + axis], moved = delta[axis] * length + box[axis], scaled = expf(delta[2 + axis]) * length;
    out[axis] = moved;
    out[2 + axis] = scaled;
  }
}

int32_t KERNEL(detr4j_box_refinement_f32)(const detr4j_box_refinement *p) {
  static const int32_t columns_of[] = {
      [DETR4J_REFERENCE_NONE] = 0, [DETR4J_REFERENCE_POINT] = 2, [DETR4J_REFERENCE_BOX] = 4, [DETR4J_REFERENCE_LOGITS] = 4, [DETR4J_REFERENCE_RELATIVE] = 4};
  if (p->reference_kind < DETR4J_REFERENCE_NONE || p->reference_kind > DETR4J_REFERENCE_RELATIVE ||
      (p->reference_kind == DETR4J_REFERENCE_RELATIVE && p->columns != 4)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int32_t reference_columns = columns_of[p->reference_kind];
  for (int64_t n = 0; n < p->batch; n++) {
    for (int64_t q = 0; q < p->queries; q++) {
      const float *delta = p->delta + n * p->delta_batch_stride + q * p->delta_row_stride;
      float *out = p->out + n * p->out_batch_stride + q * p->out_row_stride;
      if (p->reference_kind == DETR4J_REFERENCE_RELATIVE) {
        relative(delta, p->reference + n * p->reference_batch_stride + q * p->reference_row_stride, out);
        continue;
      }
      for (int32_t c = 0; c < p->columns; c++) {
        float start = 0;
        if (c < reference_columns) {
          start = p->reference[n * p->reference_batch_stride + q * p->reference_row_stride + c];
          if (p->reference_kind != DETR4J_REFERENCE_LOGITS) {
            start = inverse_sigmoid(start, p->epsilon);
          }
        }
        out[c] = sigmoid(delta[c] + start);
      }
    }
  }
  return DETR4J_OK;
}
