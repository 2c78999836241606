// Scaled dot-product attention, out = softmax(q k^T scale) v, one head at a time and in two phases: pack lays one head out
// (packed_heads.h), then tiles of queries use it. Compiled for fp32 and for bf16 products.
//
//   for TILE_ROWS queries at a time:
//     scores[query][key] = q k^T      the register tile of gemm_tile.h, panel by panel of keys, into scratch
//     softmax by rows, not yet divided
//     out[query][column] = scores v   the register tile again, with all keys as its depth; then one division by the row's sum
//
// Scores are kept for TILE_ROWS queries only: 12 x 850 floats for DETR's encoder, which is L1 and L2.
//
//   scratch: [scores: TILE_ROWS x pitch][queries as words: TILE_ROWS x key_words, where products are not fp32]

#include "gemm_tile.h"
#include "packed_heads.h"

int64_t PRODUCTS_KERNEL(detr4j_attention, _scratch)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  const int64_t query_words = WORD_VALUES == 1 ? 0 : plan.key_words;
  return TILE_ROWS * (plan.pitch + query_words) * (int64_t)sizeof(float);
}

int32_t PRODUCTS_KERNEL(detr4j_attention, )(const detr4j_attention *p, int64_t tile, void *scratch) {
  attention_plan plan;
  query_block block;
  if (!plan_attention(p, &plan) || !queries_of_tile(p, &plan, tile, scratch, &block)) return DETR4J_ERROR_ARGUMENT;
  const int64_t valid = block.valid, key_panels = ceil_div(valid, TILE_COLUMNS), item = block.item, head = block.head;
  const float *keys = (const float *)block.keys, *values = (const float *)block.values;
  float *scores = scratch;
  float *query_words = scores + TILE_ROWS * plan.pitch;

  const float *query_rows[TILE_ROWS], *score_rows[TILE_ROWS];
  for (int64_t r = 0; r < TILE_ROWS; r++) score_rows[r] = scores + r * plan.pitch;
  const gemm_tile by_keys = {.rows = query_rows, .pitch = TILE_ROWS, .taps = 1, .depth = plan.key_words,
                             .panel_pitch = plan.key_words * TILE_COLUMNS};
  const gemm_tile by_values = {.rows = score_rows, .pitch = TILE_ROWS, .taps = 1, .depth = words_of(valid)};

  for (int64_t query = block.first; query < block.end; query += TILE_ROWS) {
    const int64_t rows = min_i64(TILE_ROWS, block.end - query);
    for (int64_t r = 0; r < rows; r++) {
      const int64_t at = item * p->q_batch_stride + (query + r) * p->q_row_stride + head * p->head_dim;
      query_rows[r] = words_in_place_or_copied(
          map_at(p->q, p->q_type, at), p->q_type, p->head_dim, query_words + r * plan.key_words);
    }
    for (int64_t panel = 0, panels; panel < key_panels; panel += panels) {
      panels = min_i64(MAX_PANELS, key_panels - panel);
      gemm_multiply(
          &by_keys, 0, rows, panels, keys + panel * by_keys.panel_pitch, scores + panel * TILE_COLUMNS, plan.pitch, TILE_COLUMNS);
    }
    float sums[TILE_ROWS];
    for (int64_t r = 0; r < rows; r++) {
      sums[r] = softmax_numerators(scores + r * plan.pitch, valid, words_of(valid), p->scale);
    }
    for (int64_t d = 0; d < p->head_dim; d += TILE_COLUMNS) {
      _Alignas(64) float products[TILE_ROWS * TILE_COLUMNS];
      gemm_tile_multiply(&by_values, 0, rows, values + d * plan.value_words, products, TILE_COLUMNS);
      for (int64_t r = 0; r < rows; r++) {
        const int64_t at = item * p->out_batch_stride + (query + r) * p->out_row_stride + head * p->head_dim + d;
        store_quotients(
            map_at_mutable(p->out, p->out_type, at), p->out_type, products + r * TILE_COLUMNS, sums[r],
            min_i64(TILE_COLUMNS, p->head_dim - d));
      }
    }
  }
  return DETR4J_OK;
}
