// Attention of every tier this machine can run against a plain loop in double: head_dim 1..80, keys and queries around the
// tile sizes, masks whose keys hold NaN, gaps between rows, large scores, a NaN query. Blocks end at the last element.

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detr4j.h"
#include "random.h"

static int failures;

static void expected(
    const detr4j_attention *p, int64_t n, int64_t head, int64_t query, double *weights, double *out) {
  const float *q = (const float *)p->q + n * p->q_batch_stride + query * p->q_row_stride + head * p->head_dim;
  double largest = -INFINITY, sum = 0;
  for (int64_t j = 0; j < p->keys; j++) {
    const float *k = (const float *)p->k + n * p->k_batch_stride + j * p->k_row_stride + head * p->head_dim;
    weights[j] = 0;
    if (p->key_mask != NULL && !p->key_mask[n * p->keys + j]) continue;
    for (int d = 0; d < p->head_dim; d++) weights[j] += (double)q[d] * k[d];
    weights[j] *= p->scale;
    if (!(weights[j] <= largest)) largest = weights[j];
  }
  for (int d = 0; d < p->head_dim; d++) out[d] = 0;
  for (int64_t j = 0; j < p->keys; j++) {
    const float *v = (const float *)p->v + n * p->v_batch_stride + j * p->v_row_stride + head * p->head_dim;
    if (p->key_mask != NULL && !p->key_mask[n * p->keys + j]) continue;
    double w = exp(weights[j] - largest);
    sum += w;
    for (int d = 0; d < p->head_dim; d++) out[d] += w * v[d];
  }
  for (int d = 0; d < p->head_dim; d++) out[d] /= sum;
}

static void run_case(detr4j_attention p, float magnitude, int masked, int poison, int number) {
  int gap = pick(0, 1) * 3, width = p.heads * p.head_dim;
  p.q_row_stride = p.k_row_stride = p.v_row_stride = p.out_row_stride = width + gap;
  p.q_batch_stride = p.out_batch_stride = (int64_t)p.queries * p.q_row_stride;
  p.k_batch_stride = p.v_batch_stride = (int64_t)p.keys * p.k_row_stride;
  int64_t q_count = p.batch * p.q_batch_stride - gap, k_count = p.batch * p.k_batch_stride - gap;
  float *q = random_floats(q_count), *k = random_floats(k_count), *v = random_floats(k_count);
  uint8_t *mask = malloc((size_t)p.batch * (size_t)p.keys);
  for (int64_t i = 0; i < q_count; i++) q[i] *= magnitude;
  for (int n = 0; n < p.batch; n++) {
    for (int j = 0; j < p.keys; j++) mask[n * p.keys + j] = pick(0, 2) != 0;
    mask[n * p.keys + pick(0, p.keys - 1)] = 1;
    for (int j = 0; masked && j < p.keys; j++) {
      if (mask[n * p.keys + j]) continue;
      k[n * p.k_batch_stride + j * p.k_row_stride + pick(0, width - 1)] = NAN;
      v[n * p.v_batch_stride + j * p.v_row_stride + pick(0, width - 1)] = INFINITY;
    }
  }
  if (poison) q[(int64_t)pick(0, p.queries - 1) * p.q_row_stride] = NAN; // head 0 of one query of item 0
  p.q = q;
  p.k = k;
  p.v = v;
  p.key_mask = masked ? mask : NULL;
  double *weights = malloc((size_t)p.keys * sizeof(double)), *want = malloc((size_t)p.head_dim * sizeof(double));
  for (p.tier = 0; p.tier <= DETR4J_TIER_NEON; p.tier++) {
    if (!detr4j_tier_available(p.tier)) continue;
    int64_t workspace = detr4j_attention_f32_workspace(&p), scratch_bytes = detr4j_attention_f32_scratch(&p);
    void *scratch_block = malloc((size_t)scratch_bytes + 64);
    void *scratch = (void *)(((uintptr_t)scratch_block + 63) / 64 * 64);
    float *out = malloc((size_t)q_count * sizeof(float));
    p.workspace = malloc((size_t)workspace);
    memset(p.workspace, 0xff, (size_t)workspace); // NaN
    memset(scratch, 0xff, (size_t)scratch_bytes);
    for (int64_t i = 0; i < q_count; i++) out[i] = -7;
    p.out = out;
    for (int64_t t = detr4j_attention_f32_pack_tiles(&p) - 1; t >= 0; t--) failures += detr4j_attention_f32_pack(&p, t) != 0;
    for (int64_t t = detr4j_attention_f32_tiles(&p) - 1; t >= 0; t--) failures += detr4j_attention_f32(&p, t, scratch) != 0;
    double tolerance = 1e-6 * (2 + magnitude * sqrt((double)p.head_dim));
    for (int64_t n = 0; n < p.batch; n++) {
      for (int64_t i = 0; i < p.queries; i++) {
        const float *row = out + n * p.out_batch_stride + i * p.out_row_stride;
        for (int64_t h = 0; h < p.heads; h++) {
          expected(&p, n, h, i, weights, want);
          for (int d = 0; d < p.head_dim; d++) {
            double got = row[h * p.head_dim + d];
            if (isnan(want[d]) ? isnan(got) : fabs(got - want[d]) <= tolerance) continue;
            if (failures++ < 10) {
              printf(
                  "case %d tier %s: batch %d, %d queries, %d keys, %d heads of %d, masked %d: item %d query %d head %d column "
                  "%d is %.9g, expected %.9g (tolerance %.2g)\n",
                  number, detr4j_tier_name(p.tier), p.batch, p.queries, p.keys, p.heads, p.head_dim, masked, (int)n, (int)i,
                  (int)h, d, got, want[d], tolerance);
            }
          }
        }
        for (int g = 0; g < gap && row + width + g < out + q_count; g++) failures += row[width + g] != -7;
      }
    }
    free(p.workspace);
    free(scratch_block);
    free(out);
  }
  free(weights);
  free(want);
  free(q);
  free(k);
  free(v);
  free(mask);
}

int main(int argc, char **argv) {
  seed_from(argc, argv);
  int number = 0;
  for (int i = 0; i < 240; i++) {
    detr4j_attention p = {
        .batch = pick(1, 2), .queries = pick(1, 30), .keys = i % 3 == 0 ? pick(1, 20) : pick(1, 140), .heads = pick(1, 4),
        .head_dim = 1 + i % 80, .queries_per_tile = pick(1, 30)};
    p.scale = 1 / sqrtf((float)p.head_dim);
    run_case(p, i % 7 == 0 ? 300.0f : 3.0f, pick(0, 1), pick(0, 2) == 0, number++);
  }
  detr4j_attention many = {.batch = 1, .queries = 13, .keys = 1024, .heads = 2, .head_dim = 32, .queries_per_tile = 13};
  many.scale = -0.2f;
  run_case(many, 3.0f, 0, 0, number++);
  detr4j_attention bad = {.tier = -1};
  failures += detr4j_attention_f32_tiles(&bad) != DETR4J_ERROR_TIER;
  bad.tier = 0;
  failures += detr4j_attention_f32_tiles(&bad) != DETR4J_ERROR_ARGUMENT;
  printf("%d cases, %d failures\n", number, failures);
  return failures != 0;
}
