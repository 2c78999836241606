// Between guard pages; the many shapes of fp32 attention are in attention_test.c. With bf16 products the sum of rounded numbers is
// expected, with numerators rounded as the softmax that the kernel computes: those are up to 2^-8 of a value apart.
#include "harness.h"

static void body(int32_t products, int32_t tier, int index) {
  detr4j_attention p = {.tier = tier, .batch = (int32_t)between(1, 2), .queries = (int32_t)between(1, 30), .keys = (int32_t)extent(index),
                        .heads = (int32_t)between(1, 3), .head_dim = (int32_t)(index % 4 == 0 ? 32 : between(1, 40)),
                        .queries_per_tile = (int32_t)between(1, 20), .scale = 0.7f};
  const int64_t width = (int64_t)p.heads * p.head_dim;
  tensor q = new_random(p.batch, p.queries, width), k = new_random(p.batch, p.keys, width), v = new_random(p.batch, p.keys, width);
  tensor out = new_tensor(p.batch, p.queries, width);
  uint8_t *mask = guarded((size_t)p.batch * (size_t)p.keys);
  for (int64_t i = 0; i < (int64_t)p.batch * p.keys; i++) {
    mask[i] = i % p.keys == 0 || chance(2);
    if (!mask[i] && index % 3 == 0) {
      row_of(&k, i / p.keys, i % p.keys)[0] = NAN;
      row_of(&v, i / p.keys, i % p.keys)[0] = INFINITY;
    }
  }
  const int masked = index % 3 == 0 || chance(2);
  p.q_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.k_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.v_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.out_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.q = p.q_type == DETR4J_TYPE_BF16 ? narrow(&q) : q.data;
  p.k = p.k_type == DETR4J_TYPE_BF16 ? narrow(&k) : k.data;
  p.v = p.v_type == DETR4J_TYPE_BF16 ? narrow(&v) : v.data;
  p.key_mask = masked ? mask : NULL;
  p.out = p.out_type == DETR4J_TYPE_BF16 ? narrow(&out) : out.data;
  p.q_row_stride = q.row_stride;
  p.q_batch_stride = q.batch_stride;
  p.k_row_stride = k.row_stride;
  p.k_batch_stride = k.batch_stride;
  p.v_row_stride = v.row_stride;
  p.v_batch_stride = v.batch_stride;
  p.out_row_stride = out.row_stride;
  p.out_batch_stride = out.batch_stride;
  describe("batch %d, queries %d, keys %d, heads %d, head_dim %d, mask %d", p.batch, p.queries, p.keys, p.heads, p.head_dim, masked);
  if (products == DETR4J_TYPE_F32) {
    p.workspace = guarded_scratch(detr4j_attention_f32_workspace(&p));
    void *scratch = guarded_scratch(detr4j_attention_f32_scratch(&p));
    RUN_TILES(detr4j_attention_f32_pack_tiles(&p), detr4j_attention_f32_pack(&p, tile));
    RUN_TILES(detr4j_attention_f32_tiles(&p), detr4j_attention_f32(&p, tile, scratch));
  } else {
    p.workspace = guarded_scratch(detr4j_attention_bf16_workspace(&p));
    void *scratch = guarded_scratch(detr4j_attention_bf16_scratch(&p));
    RUN_TILES(detr4j_attention_bf16_pack_tiles(&p), detr4j_attention_bf16_pack(&p, tile));
    RUN_TILES(detr4j_attention_bf16_tiles(&p), detr4j_attention_bf16(&p, tile, scratch));
  }
  if (p.out_type == DETR4J_TYPE_BF16) widen(p.out, &out);
  check_written("out", &out);
  double weights[300];
  for (int64_t n = 0; n < p.batch; n++) {
    for (int64_t i = 0; i < p.queries; i++) {
      for (int64_t h = 0; h < p.heads; h++) {
        double total = 0;
        for (int64_t j = 0; j < p.keys; j++) {
          double score = 0;
          for (int64_t d = h * p.head_dim; d < (h + 1) * p.head_dim; d++) {
            score += (double)rounded_to(products, row_of(&q, n, i)[d]) * (double)rounded_to(products, row_of(&k, n, j)[d]);
          }
          weights[j] = masked && !mask[n * p.keys + j] ? 0 : exp(score * (double)p.scale);
          total += weights[j];
        }
        const double rounding = products == DETR4J_TYPE_BF16 ? 0x1p-8 : 0; // of numerators
        for (int64_t d = h * p.head_dim; d < (h + 1) * p.head_dim; d++) {
          double sum = 0, size = 0;
          for (int64_t j = 0; j < p.keys; j++) {
            const double part = weights[j] == 0 ? 0 : weights[j] / total * (double)rounded_to(products, row_of(&v, n, j)[d]);
            sum += part;
            size += fabs(part);
          }
          const double stored = p.out_type == DETR4J_TYPE_BF16 ? 0x1.01p-8 * fabs(sum) : 0;
          expect_close("out", n, i, d, sum, row_of(&out, n, i)[d], 1e-5 + rounding * size + stored);
        }
      }
    }
  }
}

static void body_f32(int32_t tier, int index) { body(DETR4J_TYPE_F32, tier, index); }
static void body_bf16(int32_t tier, int index) { body(DETR4J_TYPE_BF16, tier, index); }

void test_detr4j_attention_f32_pack(int32_t tier) { run_cases("attention", tier, 60, body_f32); }
void test_detr4j_attention_f32(int32_t tier) { run_cases("attention again", tier, 60, body_f32); }
void test_detr4j_attention_bf16_pack(int32_t tier) { run_cases("attention bf16", tier, 60, body_bf16); }
void test_detr4j_attention_bf16(int32_t tier) { run_cases("attention bf16 again", tier, 120, body_bf16); }
