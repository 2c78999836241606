// Scaled dot-product attention with bf16 products in AMX tiles (tile_product.h), one head at a time and in two phases: pack lays
// one head out (packed_heads.h), then tiles of queries use it.
//
//   for 32 queries at a time:
//     queries as bf16 words, zeros behind the last channel, into scratch
//     scores[query][key] = q k^T      tile products, panel by panel of keys, into scratch
//     softmax by rows, fp32; its numerators become bf16 words where their scores were
//     out[query][column] = numerators v   tile products with all keys as their depth; then one division by the row's sum
//
//   scratch: [scores: 32 x pitch][queries: 32 x key_words][sums: 32 x 32]

#define HEAD_STEP 16

#include "packed_heads.h"
#include "tile_product.h"

int64_t KERNEL(detr4j_attention_bf16_scratch)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return PRODUCT_ROWS * (plan.pitch + plan.key_words + TILE_COLUMNS) * (int64_t)sizeof(float);
}

static void copy_queries(const detr4j_attention *p, const void *q, int64_t rows, int64_t words, uint32_t *to) {
  for (int64_t r = 0; r < rows; r++, to += words) {
    uint16_t *end = put_values((uint16_t *)to, map_at(q, p->q_type, r * p->q_row_stride), p->q_type, p->head_dim);
    put_zeros(end, WORD_VALUES * words - p->head_dim);
  }
}

int32_t KERNEL(detr4j_attention_bf16)(const detr4j_attention *p, int64_t tile, void *scratch) {
  attention_plan plan;
  query_block block;
  if (!plan_attention(p, &plan) || !queries_of_tile(p, &plan, tile, scratch, &block)) return DETR4J_ERROR_ARGUMENT;
  const int64_t valid = block.valid, valid_words = round_up(words_of(valid), STEP_WORDS);
  const int64_t item = block.item, head = block.head;
  float *scores = scratch;
  uint32_t *queries = (uint32_t *)(scores + PRODUCT_ROWS * plan.pitch);
  float *sums = (float *)(queries + PRODUCT_ROWS * plan.key_words);

  tile_product product = {.taps = 1};
  for (int64_t query = block.first; query < block.end; query += PRODUCT_ROWS) {
    const int64_t rows = min_i64(PRODUCT_ROWS, block.end - query);
    copy_queries(
        p, map_at(p->q, p->q_type, item * p->q_batch_stride + query * p->q_row_stride + head * p->head_dim), rows, plan.key_words,
        queries);
    product.a = (const char *)queries;
    product.pitch = plan.key_words * (int64_t)sizeof(float);
    set_depth(&product, plan.key_words);
    for (int64_t j = 0; j < valid; j += TILE_COLUMNS) {
      tile_sums(&product, 0, rows, block.keys + j * plan.key_words, scores + j, plan.pitch);
    }
    float denominators[PRODUCT_ROWS];
    for (int64_t r = 0; r < rows; r++) {
      denominators[r] = softmax_numerators(scores + r * plan.pitch, valid, valid_words, p->scale);
    }
    product.a = (const char *)scores;
    product.pitch = plan.pitch * (int64_t)sizeof(float);
    set_depth(&product, valid_words);
    for (int64_t d = 0; d < p->head_dim; d += TILE_COLUMNS) {
      tile_sums(&product, 0, rows, block.values + d * plan.value_words, sums, TILE_COLUMNS);
      for (int64_t r = 0; r < rows; r++) {
        const int64_t at = item * p->out_batch_stride + (query + r) * p->out_row_stride + head * p->head_dim + d;
        store_quotients(
            map_at_mutable(p->out, p->out_type, at), p->out_type, sums + r * TILE_COLUMNS, denominators[r],
            min_i64(TILE_COLUMNS, p->head_dim - d));
      }
    }
  }
  release_tiles(&product);
  return DETR4J_OK;
}
