// Copies chosen rows. All indices of the item are checked before the first copy.

#include "kernel.h"

int32_t KERNEL(detr4j_gather_f32)(const detr4j_gather *p, int64_t tile) {
  if (tile < 0 || tile >= p->batch) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int32_t *indices = p->indices + tile * p->k;
  for (int64_t i = 0; i < p->k; i++) {
    if (indices[i] < 0 || indices[i] >= p->rows) {
      return DETR4J_ERROR_ARGUMENT;
    }
  }
  for (int64_t i = 0; i < p->k; i++) {
    const float *row = p->x + tile * p->x_batch_stride + indices[i] * p->x_row_stride;
    memcpy(p->out + tile * p->out_batch_stride + i * p->out_row_stride, row, (size_t)p->columns * sizeof(float));
  }
  return DETR4J_OK;
}
