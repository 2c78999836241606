// Sine code of proposal boxes: the codes of 2 pi cx, 2 pi cy, 2 pi w, 2 pi h one after another.

#include "kernel.h"
#include "sine_code.h"
#include "tiles.h"

int64_t KERNEL(detr4j_proposal_embedding_f32_tiles)(const detr4j_proposal_embedding *p) {
  return row_tiles(p->batch, p->queries, p->queries_per_tile);
}

int32_t KERNEL(detr4j_proposal_embedding_f32)(const detr4j_proposal_embedding *p, int64_t tile) {
  row_range range;
  if (p->features < 1 || !rows_of_tile(&range, tile, p->batch, p->queries, p->queries_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t q = range.begin; q < range.end; q++) {
    const float *box = p->boxes + range.item * p->boxes_batch_stride + q * p->boxes_row_stride;
    float *out = p->out + range.item * p->out_batch_stride + q * p->out_row_stride;
    for (int i = 0; i < 4; i++) {
      sine_code(box[i] * 6.283185307179586f, p->divisors, p->features, out + (int64_t)i * p->features);
    }
  }
  return DETR4J_OK;
}
