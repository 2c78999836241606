// The gradients of one head. Keys, values and their transposes are packed once; masked keys are packed as zeros and get no weight.
//
// For each query: scores over all keys, a vector of keys at a time, against the transposed keys; softmax; dP likewise against
// the transposed values; then dS, and rows of dK, dV and dQ, a vector of channels at a time. dK and dV add up in scratch.

#include "kernel.h"

typedef struct space {
  float *k, *kt, *vt; // [keys][dim], [dim][keys], [dim][keys]; both extents padded with zeros to whole vectors
  float *dk, *dv;     // [keys][dim]
  float *p, *ds;      // [keys]
  float *q, *up, *dq; // [dim]
  int64_t keys, dim;  // padded
} space;

static int64_t floats_of(const detr4j_attention_gradient *p) {
  const int64_t keys = round_up(p->keys, V_LANES), dim = round_up(p->head_dim, V_LANES);
  return 3 * keys * dim + 2 * dim * keys + 2 * keys + 3 * dim;
}

int64_t KERNEL(detr4j_attention_gradient_f32_tiles)(const detr4j_attention_gradient *p) {
  return p->heads < 1 || p->head_dim < 1 || p->keys < 1 ? DETR4J_ERROR_ARGUMENT : (int64_t)p->batch * p->heads;
}

int64_t KERNEL(detr4j_attention_gradient_f32_scratch)(const detr4j_attention_gradient *p) { return 4 * floats_of(p); }

static void pack(const detr4j_attention_gradient *p, const space *s, int64_t item, int64_t first) {
  for (int64_t j = 0; j < p->keys; j++) {
    if (p->key_mask != NULL && p->key_mask[item * p->keys + j] == 0) {
      continue;
    }
    const float *k = p->k + item * p->k_batch_stride + j * p->k_row_stride + first;
    const float *v = p->v + item * p->v_batch_stride + j * p->v_row_stride + first;
    for (int64_t d = 0; d < p->head_dim; d++) {
      s->k[j * s->dim + d] = k[d];
      s->kt[d * s->keys + j] = k[d];
      s->vt[d * s->keys + j] = v[d];
    }
  }
}

// out[keys] = factor * row[dim] * matrix[dim][keys]
static void row_times(const space *s, int64_t dim, const float *row, const float *matrix, float factor, float *out) {
  for (int64_t j = 0; j < s->keys; j += V_LANES) {
    v_f32 sum = v_zero();
    for (int64_t d = 0; d < dim; d++) sum = v_fmadd(v_set1(row[d]), v_load(matrix + d * s->keys + j), sum);
    v_store(out + j, v_mul(sum, v_set1(factor)));
  }
}

static void softmax(const detr4j_attention_gradient *p, const space *s, int64_t item) {
  const uint8_t *mask = p->key_mask == NULL ? NULL : p->key_mask + item * p->keys;
  for (int64_t j = 0; j < s->keys; j++) {
    if (j >= p->keys || (mask != NULL && mask[j] == 0)) s->p[j] = -INFINITY;
  }
  v_f32 largest = v_set1(-INFINITY);
  for (int64_t j = 0; j < s->keys; j += V_LANES) largest = v_max_nan(largest, v_load(s->p + j));
  const v_f32 top = v_set1(v_reduce_max(largest));
  v_f32 total = v_zero();
  for (int64_t j = 0; j < s->keys; j += V_LANES) {
    const v_f32 e = v_exp(v_sub(v_load(s->p + j), top));
    v_store(s->p + j, e);
    total = v_add(total, e);
  }
  const v_f32 share = v_set1(1.0f / v_reduce_add(total));
  for (int64_t j = 0; j < s->keys; j += V_LANES) v_store(s->p + j, v_mul(v_load(s->p + j), share));
}

int32_t KERNEL(detr4j_attention_gradient_f32)(const detr4j_attention_gradient *p, int64_t tile, void *scratch) {
  if (tile < 0 || tile >= KERNEL(detr4j_attention_gradient_f32_tiles)(p)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t item = tile / p->heads, first = tile % p->heads * p->head_dim;
  space s = {.keys = round_up(p->keys, V_LANES), .dim = round_up(p->head_dim, V_LANES)};
  const int64_t size = s.keys * s.dim;
  memset(scratch, 0, (size_t)(4 * floats_of(p)));
  s.k = scratch;
  s.kt = s.k + size;
  s.vt = s.kt + size;
  s.dk = s.vt + size;
  s.dv = s.dk + size;
  s.p = s.dv + size;
  s.ds = s.p + s.keys;
  s.q = s.ds + s.keys;
  s.up = s.q + s.dim;
  s.dq = s.up + s.dim;
  pack(p, &s, item, first);
  for (int64_t i = 0; i < p->queries; i++) {
    memcpy(s.q, p->q + item * p->q_batch_stride + i * p->q_row_stride + first, (size_t)p->head_dim * sizeof(float));
    memcpy(s.up, p->d_out + item * p->d_out_batch_stride + i * p->d_out_row_stride + first, (size_t)p->head_dim * sizeof(float));
    row_times(&s, p->head_dim, s.q, s.kt, p->scale, s.p);
    softmax(p, &s, item);
    row_times(&s, p->head_dim, s.up, s.vt, 1, s.ds);
    v_f32 mean = v_zero();
    for (int64_t j = 0; j < s.keys; j += V_LANES) mean = v_fmadd(v_load(s.p + j), v_load(s.ds + j), mean);
    const v_f32 centre = v_set1(v_reduce_add(mean)), scale = v_set1(p->scale);
    for (int64_t j = 0; j < s.keys; j += V_LANES) {
      v_store(s.ds + j, v_mul(v_mul(v_load(s.p + j), scale), v_sub(v_load(s.ds + j), centre)));
    }
    for (int64_t d = 0; d < s.dim; d += V_LANES) {
      const v_f32 q = v_load(s.q + d), up = v_load(s.up + d);
      v_f32 dq = v_zero();
      for (int64_t j = 0; j < p->keys; j++) {
        const v_f32 ds = v_set1(s.ds[j]), weight = v_set1(s.p[j]);
        float *dk = s.dk + j * s.dim + d, *dv = s.dv + j * s.dim + d;
        dq = v_fmadd(ds, v_load(s.k + j * s.dim + d), dq);
        v_store(dk, v_fmadd(ds, q, v_load(dk)));
        v_store(dv, v_fmadd(weight, up, v_load(dv)));
      }
      v_store(s.dq + d, dq);
    }
    memcpy(p->dq + item * p->dq_batch_stride + i * p->dq_row_stride + first, s.dq, (size_t)p->head_dim * sizeof(float));
  }
  for (int64_t j = 0; j < p->keys; j++) {
    memcpy(p->dk + item * p->dk_batch_stride + j * p->dk_row_stride + first, s.dk + j * s.dim, (size_t)p->head_dim * sizeof(float));
    memcpy(p->dv + item * p->dv_batch_stride + j * p->dv_row_stride + first, s.dv + j * s.dim, (size_t)p->head_dim * sizeof(float));
  }
  return DETR4J_OK;
}
