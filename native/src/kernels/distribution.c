// Distributions over a few dozen bins: the distances that they mean, and how sure they are. A few hundred queries have four each;
// the exponentials are taken a vector at a time, all else is scalar.

#include "kernel.h"
#include "tiles.h"

#include <math.h>

// NaN wins.
V_INLINE float largest_of(const float *x, int64_t n) {
  float largest = x[0];
  for (int64_t i = 1; i < n; i++) {
    largest = largest != largest || largest >= x[i] ? largest : x[i];
  }
  return largest;
}

// The sum of e^(x - largest) over n <= V_LANES values, which go to powers.
V_INLINE float powers_of(float *powers, const float *x, float largest, int64_t n) {
  v_store(powers, v_exp(v_sub(v_load_partial(x, n), v_set1(largest))));
  float total = 0;
  for (int64_t i = 0; i < n; i++) {
    total += powers[i];
  }
  return total;
}

V_INLINE float mean_worth(const float *logits, const float *worth, int64_t bins) {
  const float largest = largest_of(logits, bins);
  float total = 0, sum = 0, powers[V_LANES];
  for (int64_t b = 0; b < bins; b += V_LANES) {
    const int64_t n = min_i64(V_LANES, bins - b);
    total += powers_of(powers, logits + b, largest, n);
    for (int64_t i = 0; i < n; i++) {
      sum += powers[i] * worth[b + i];
    }
  }
  return sum / total;
}

int64_t KERNEL(detr4j_distance_boxes_f32_tiles)(const detr4j_distribution *p) {
  return row_tiles(p->batch, p->queries, p->queries_per_tile);
}

int32_t KERNEL(detr4j_distance_boxes_f32)(const detr4j_distribution *p, int64_t tile) {
  row_range range;
  if (p->bins < 1 || p->groups != 4 || !rows_of_tile(&range, tile, p->batch, p->queries, p->queries_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const float r = p->scale[0] < 0 ? -p->scale[0] : p->scale[0];
  for (int64_t q = range.begin; q < range.end; q++) {
    const float *sides = p->logits + range.item * p->logits_batch_stride + q * p->logits_row_stride;
    const float *box = p->boxes + range.item * p->boxes_batch_stride + q * p->boxes_row_stride;
    float *out = p->out + range.item * p->out_batch_stride + q * p->out_row_stride;
    for (int64_t axis = 0; axis < 2; axis++) {
      const float before = mean_worth(sides + axis * p->bins, p->worth, p->bins);
      const float behind = mean_worth(sides + (axis + 2) * p->bins, p->worth, p->bins);
      const float unit = box[2 + axis] / r;
      const float near = box[axis] - (r / 2 + before) * unit, far = box[axis] + (r / 2 + behind) * unit;
      out[axis] = (near + far) / 2;
      out[2 + axis] = far - near;
    }
  }
  return DETR4J_OK;
}

int64_t KERNEL(detr4j_top_probabilities_f32_tiles)(const detr4j_distribution *p) {
  return row_tiles(p->batch, p->queries, p->queries_per_tile);
}

// The k largest one by one: each is the largest of those behind the one before.
V_INLINE void top(const float *logits, int64_t bins, int64_t k, float *out) {
  const float largest = largest_of(logits, bins);
  float total = 0, powers[V_LANES], sum = 0, last = INFINITY;
  for (int64_t b = 0; b < bins; b += V_LANES) {
    total += powers_of(powers, logits + b, largest, min_i64(V_LANES, bins - b));
  }
  int64_t last_index = -1;
  for (int64_t i = 0; i < k; i++) {
    int64_t next = -1;
    for (int64_t b = 0; b < bins; b++) {
      const int behind = logits[b] < last || (logits[b] == last && b > last_index);
      if (behind && (next < 0 || logits[b] > logits[next])) next = b;
    }
    // Where the largest is no number, so is every probability, whichever bin it is of.
    const float value = next < 0 ? largest : logits[next];
    powers_of(powers, &value, largest, 1);
    out[i] = powers[0] / total;
    sum += out[i];
    last = value;
    last_index = next;
  }
  out[k] = sum / (float)k;
}

int32_t KERNEL(detr4j_top_probabilities_f32)(const detr4j_distribution *p, int64_t tile) {
  row_range range;
  if (p->k < 1 || p->bins < p->k || p->groups < 1 ||
      !rows_of_tile(&range, tile, p->batch, p->queries, p->queries_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t q = range.begin; q < range.end; q++) {
    const float *logits = p->logits + range.item * p->logits_batch_stride + q * p->logits_row_stride;
    float *out = p->out + range.item * p->out_batch_stride + q * p->out_row_stride;
    for (int64_t g = 0; g < p->groups; g++) {
      top(logits + g * p->bins, p->bins, p->k, out + g * (p->k + 1));
    }
  }
  return DETR4J_OK;
}
