// The k largest scores of an item, by a heap of k that lives in the outputs.
//
// The root is the worst of the best so far. A score enters only when it beats the root, which costs one comparison for nearly
// all of them; on random scores about k ln(n / k) enter. Indices rise, so a tie with the root never enters.

#include "kernel.h"
#include "score_order.h"

int32_t KERNEL(detr4j_top_k_f32)(const detr4j_top_k *p, int64_t tile) {
  if (tile < 0 || tile >= p->batch || p->k < 0 || p->columns < 1 || p->rows * p->columns < p->k ||
      p->rows * p->columns > INT32_MAX) {
    return DETR4J_ERROR_ARGUMENT;
  }
  if (p->k == 0) {
    return DETR4J_OK;
  }
  const float *x = p->x + tile * p->x_batch_stride;
  float *values = p->values + tile * p->k;
  int32_t *indices = p->indices + tile * p->k;
  const int64_t k = p->k;
  int32_t floor_key = 0; // of the root, once the heap is full
  for (int64_t row = 0; row < p->rows; row++) {
    for (int64_t column = 0; column < p->columns; column++) {
      const float score = x[row * p->x_row_stride + column];
      const int64_t index = row * p->columns + column;
      if (index < k) {
        values[index] = score;
        indices[index] = (int32_t)index;
        if (index == k - 1) {
          score_heapify(values, indices, k);
          floor_key = score_key(values[0]);
        }
      } else if (score_key(score) > floor_key) {
        values[0] = score;
        indices[0] = (int32_t)index;
        score_sift(values, indices, k, 0);
        floor_key = score_key(values[0]);
      }
    }
  }
  score_unheap(values, indices, k);
  return DETR4J_OK;
}
