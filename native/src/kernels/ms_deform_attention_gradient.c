// The gradients of one head of multi-scale deformable attention. The head's values and their gradients lie packed in scratch, so
// that their rows follow each other: in the tensor they are a power of two apart, and would share few sets of the caches.
//
// For each sample, each of its four corners on the map gives the product of its value with dO, and takes P times its share times
// dO. The four products are all that the gradients of weight and location need.

#include "kernel.h"

typedef struct space {
  float *value, *d_value;                 // [tokens][dim], padded to whole vectors
  float *up;                              // [dim]
  float *weight, *d_weight;               // [samples], padded
  int64_t dim, samples, padded;
} space;

static int64_t floats_of(const detr4j_ms_deform_attention_gradient *p) {
  const int64_t dim = round_up(p->head_dim, V_LANES), samples = round_up((int64_t)p->levels * p->points, V_LANES);
  return 2 * p->tokens * dim + dim + 2 * samples;
}

int64_t KERNEL(detr4j_ms_deform_attention_gradient_f32_tiles)(const detr4j_ms_deform_attention_gradient *p) {
  return p->heads < 1 || p->head_dim < 1 || p->levels < 1 || p->points < 1 || (p->reference_columns != 2 && p->reference_columns != 4)
             ? DETR4J_ERROR_ARGUMENT
             : (int64_t)p->batch * p->heads;
}

int64_t KERNEL(detr4j_ms_deform_attention_gradient_f32_scratch)(const detr4j_ms_deform_attention_gradient *p) {
  return 4 * floats_of(p);
}

static void softmax(const space *s, const float *logits) {
  for (int64_t i = 0; i < s->padded; i++) s->weight[i] = i < s->samples ? logits[i] : -INFINITY;
  v_f32 largest = v_set1(-INFINITY);
  for (int64_t i = 0; i < s->padded; i += V_LANES) largest = v_max_nan(largest, v_load(s->weight + i));
  const v_f32 top = v_set1(v_reduce_max(largest));
  v_f32 total = v_zero();
  for (int64_t i = 0; i < s->padded; i += V_LANES) {
    const v_f32 e = v_exp(v_sub(v_load(s->weight + i), top));
    v_store(s->weight + i, e);
    total = v_add(total, e);
  }
  const v_f32 share = v_set1(1.0f / v_reduce_add(total));
  for (int64_t i = 0; i < s->padded; i += V_LANES) v_store(s->weight + i, v_mul(v_load(s->weight + i), share));
}

// The product of a corner's value with dO; the corner's gradient takes `factor` dO.
V_INLINE float corner(const space *s, int64_t token, float factor) {
  const float *value = s->value + token * s->dim;
  float *gradient = s->d_value + token * s->dim;
  const v_f32 weight = v_set1(factor);
  v_f32 dot = v_zero();
  for (int64_t d = 0; d < s->dim; d += V_LANES) {
    const v_f32 up = v_load(s->up + d);
    dot = v_fmadd(v_load(value + d), up, dot);
    v_store(gradient + d, v_fmadd(weight, up, v_load(gradient + d)));
  }
  return v_reduce_add(dot);
}

typedef struct place {
  float x, y;         // in pixels
  float dot[4];       // of the corners: top left, top right, bottom left, bottom right
  float fx, fy;
} place;

static void corners(const space *s, place *at, int64_t first, int64_t height, int64_t width, float weight) {
  at->dot[0] = at->dot[1] = at->dot[2] = at->dot[3] = 0;
  at->fx = at->fy = 0;
  if (!(at->x > -1 && at->x < (float)width && at->y > -1 && at->y < (float)height)) {
    if (isnan(at->x) || isnan(at->y)) at->dot[0] = NAN;
    return;
  }
  const int64_t left = (int64_t)floorf(at->x), top = (int64_t)floorf(at->y);
  const float fx = at->x - (float)left, fy = at->y - (float)top;
  at->fx = fx;
  at->fy = fy;
  const int64_t token = first + top * width + left;
  if (top >= 0) {
    if (left >= 0) at->dot[0] = corner(s, token, weight * (1 - fx) * (1 - fy));
    if (left + 1 < width) at->dot[1] = corner(s, token + 1, weight * fx * (1 - fy));
  }
  if (top + 1 < height) {
    if (left >= 0) at->dot[2] = corner(s, token + width, weight * (1 - fx) * fy);
    if (left + 1 < width) at->dot[3] = corner(s, token + width + 1, weight * fx * fy);
  }
}

static void query(const detr4j_ms_deform_attention_gradient *p, const space *s, int64_t item, int64_t head, int64_t i) {
  const int64_t samples = s->samples;
  const float *offsets = p->offsets + item * p->offsets_batch_stride + i * p->offsets_row_stride + head * samples * 2;
  const float *logits = p->logits + item * p->logits_batch_stride + i * p->logits_row_stride + head * samples;
  const float *reference = p->reference + item * p->reference_batch_stride + i * p->reference_row_stride;
  float *d_offsets = p->d_offsets + item * p->d_offsets_batch_stride + i * p->d_offsets_row_stride + head * samples * 2;
  float *d_logits = p->d_logits + item * p->d_logits_batch_stride + i * p->d_logits_row_stride + head * samples;
  memcpy(s->up, p->d_out + item * p->d_out_batch_stride + i * p->d_out_row_stride + head * p->head_dim,
         (size_t)p->head_dim * sizeof(float));
  softmax(s, logits);
  double moved[4] = {0, 0, 0, 0}; // terms of either sign that mostly cancel
  float mean = 0;
  int64_t first = 0;
  for (int64_t l = 0; l < p->levels; l++) {
    const int64_t height = p->level_shapes[2 * l], width = p->level_shapes[2 * l + 1];
    const float *ratio = p->ratios + item * p->ratios_batch_stride + l * p->ratios_row_stride;
    const int box = p->reference_columns == 4;
    // By how many pixels an offset of one moves the sample.
    const float half = 0.5f / (float)p->points;
    const float by_x = box ? reference[2] * ratio[0] * half * (float)width : 1;
    const float by_y = box ? reference[3] * ratio[1] * half * (float)height : 1;
    const float centre_x = reference[0] * ratio[0] * (float)width - 0.5f, centre_y = reference[1] * ratio[1] * (float)height - 0.5f;
    for (int64_t n = 0; n < p->points; n++) {
      const int64_t k = l * p->points + n;
      const float weight = s->weight[k];
      place at = {.x = centre_x + offsets[2 * k] * by_x, .y = centre_y + offsets[2 * k + 1] * by_y};
      corners(s, &at, first, height, width, weight);
      const float *d = at.dot;
      const float upper = d[0] + at.fx * (d[1] - d[0]), lower = d[2] + at.fx * (d[3] - d[2]);
      s->d_weight[k] = upper + at.fy * (lower - upper);
      mean += weight * s->d_weight[k];
      const float dx = weight * ((1 - at.fy) * (d[1] - d[0]) + at.fy * (d[3] - d[2]));
      const float dy = weight * (lower - upper);
      d_offsets[2 * k] = dx * by_x;
      d_offsets[2 * k + 1] = dy * by_y;
      moved[0] += (double)(dx * (float)width * ratio[0]);
      moved[1] += (double)(dy * (float)height * ratio[1]);
      if (box) {
        moved[2] += (double)(dx * (float)width * offsets[2 * k] * ratio[0] * half);
        moved[3] += (double)(dy * (float)height * offsets[2 * k + 1] * ratio[1] * half);
      }
    }
    first += height * width;
  }
  for (int64_t k = 0; k < samples; k++) d_logits[k] = s->weight[k] * (s->d_weight[k] - mean);
  if (p->d_reference != NULL) {
    float *to = p->d_reference + ((item * p->heads + head) * p->queries + i) * p->reference_columns;
    for (int64_t c = 0; c < p->reference_columns; c++) to[c] = (float)moved[c];
  }
}

int32_t KERNEL(detr4j_ms_deform_attention_gradient_f32)(const detr4j_ms_deform_attention_gradient *p, int64_t tile, void *scratch) {
  if (tile < 0 || tile >= KERNEL(detr4j_ms_deform_attention_gradient_f32_tiles)(p)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t item = tile / p->heads, head = tile % p->heads;
  space s = {.dim = round_up(p->head_dim, V_LANES), .samples = (int64_t)p->levels * p->points};
  s.padded = round_up(s.samples, V_LANES);
  memset(scratch, 0, (size_t)(4 * floats_of(p)));
  s.value = scratch;
  s.d_value = s.value + p->tokens * s.dim;
  s.up = s.d_value + p->tokens * s.dim;
  s.weight = s.up + s.dim;
  s.d_weight = s.weight + s.padded;
  const size_t bytes = (size_t)p->head_dim * sizeof(float);
  for (int64_t t = 0; t < p->tokens; t++) {
    memcpy(s.value + t * s.dim, p->value + item * p->value_batch_stride + t * p->value_row_stride + head * p->head_dim, bytes);
  }
  for (int64_t i = 0; i < p->queries; i++) query(p, &s, item, head, i);
  for (int64_t t = 0; t < p->tokens; t++) {
    memcpy(p->d_value + item * p->d_value_batch_stride + t * p->d_value_row_stride + head * p->head_dim, s.d_value + t * s.dim, bytes);
  }
  return DETR4J_OK;
}
