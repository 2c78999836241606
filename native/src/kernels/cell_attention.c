// Deformable attention whose samples are values of single cells. For each head of a query the sum of weighted value rows grows
// in the output row, which stays in the first-level cache; the last pass divides it by the sum of the weights. A few hundred
// queries with a dozen samples each: nothing here is worth a table.

#include "kernel.h"
#include "tiles.h"

int64_t KERNEL(detr4j_cell_attention_f32_tiles)(const detr4j_cell_attention *p) {
  return row_tiles(p->batch, p->queries, p->queries_per_tile);
}

V_INLINE float exponential(float x) {
  float lanes[V_LANES];
  v_store(lanes, v_exp(v_set1(x)));
  return lanes[0];
}

// The order of the operations is the contract's: the last bit may decide the cell. The comparisons send NaN to cell 0.
V_INLINE int64_t cell(float centre, float offset, int32_t points, float size, int32_t extent) {
  const float location = centre + offset / (float)points * size * 0.5f;
  const float at = location * (float)extent + 0.5f;
  return at >= (float)extent ? extent - 1 : at > 0 ? (int64_t)at : 0;
}

V_INLINE void add_row(float *out, const float *row, float weight, int64_t n) {
  const v_f32 factor = v_set1(weight);
  int64_t c = 0;
  for (; c + V_LANES <= n; c += V_LANES) {
    v_store(out + c, v_fmadd(factor, v_load(row + c), v_load(out + c)));
  }
  if (c < n) {
    v_store_partial(out + c, v_fmadd(factor, v_load_partial(row + c, n - c), v_load_partial(out + c, n - c)), n - c);
  }
}

V_INLINE void divide(float *out, float total, int64_t n) {
  const v_f32 divisor = v_set1(total);
  int64_t c = 0;
  for (; c + V_LANES <= n; c += V_LANES) {
    v_store(out + c, v_div(v_load(out + c), divisor));
  }
  if (c < n) {
    v_store_partial(out + c, v_div(v_load_partial(out + c, n - c), divisor), n - c);
  }
}

static void attend(const detr4j_cell_attention *p, int64_t item, int64_t query, int64_t head) {
  const int64_t samples = (int64_t)p->levels_count * p->points;
  const float *logits = p->logits + item * p->logits_batch_stride + query * p->logits_row_stride + head * samples;
  const float *offsets = p->offsets + item * p->offsets_batch_stride + query * p->offsets_row_stride + 2 * head * samples;
  const float *box = p->reference + item * p->reference_batch_stride + query * p->reference_row_stride;
  const float *value = p->value + item * p->value_batch_stride + head * p->head_dim;
  float *out = p->out + item * p->out_batch_stride + query * p->out_row_stride + head * p->head_dim;
  float largest = logits[0];
  for (int64_t s = 1; s < samples; s++) {
    largest = largest != largest || largest >= logits[s] ? largest : logits[s];
  }
  for (int64_t c = 0; c < p->head_dim; c++) {
    out[c] = 0;
  }
  float total = 0;
  for (int32_t l = 0; l < p->levels_count; l++) {
    const int32_t height = p->levels[3 * l], width = p->levels[3 * l + 1], first = p->levels[3 * l + 2];
    for (int32_t i = 0; i < p->points; i++, logits++, offsets += 2) {
      const float weight = exponential(*logits - largest);
      const int64_t column = cell(box[0], offsets[0], p->points, box[2], width);
      const int64_t row = cell(box[1], offsets[1], p->points, box[3], height);
      total += weight;
      add_row(out, value + (first + row * width + column) * p->value_row_stride, weight, p->head_dim);
    }
  }
  divide(out, total, p->head_dim);
}

int32_t KERNEL(detr4j_cell_attention_f32)(const detr4j_cell_attention *p, int64_t tile) {
  row_range range;
  if (p->heads < 1 || p->head_dim < 1 || p->levels_count < 1 || p->points < 1 ||
      !rows_of_tile(&range, tile, p->batch, p->queries, p->queries_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int32_t l = 0; l < p->levels_count; l++) {
    const int64_t height = p->levels[3 * l], width = p->levels[3 * l + 1], first = p->levels[3 * l + 2];
    if (height < 1 || width < 1 || first < 0 || first + height * width > p->tokens) {
      return DETR4J_ERROR_ARGUMENT;
    }
  }
  for (int64_t query = range.begin; query < range.end; query++) {
    for (int64_t head = 0; head < p->heads; head++) {
      attend(p, range.item, query, head);
    }
  }
  return DETR4J_OK;
}
