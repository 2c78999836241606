/*
 * What the kernels of attention share: how keys and values of a head lie in workspace, the phase that lays them out, and the softmax.
 *
 *   keys    [panels of keys][words of head_dim][TILE_COLUMNS]    transposed, so that a panel holds TILE_COLUMNS keys
 *   values  [panels of columns][words of keys][TILE_COLUMNS]
 *
 * A word is what products.h says: a float, or two neighbouring bf16 of the depth, that is two channels of a key, or the
 * same channel of two keys. Depths are padded with zeros to HEAD_STEP words. Keys that the mask leaves out are not copied: what
 * they hold cannot reach a result, and they cost nothing.
 */
#ifndef DETR4J_PACKED_HEADS_H
#define DETR4J_PACKED_HEADS_H

#include "finish.h"
#include "kernel.h"
#include "products.h"

#if !defined(HEAD_STEP)
#define HEAD_STEP 1
#endif

typedef struct attention_plan {
  int64_t query_blocks;
  int64_t key_words;   /* of one key: its channels */
  int64_t value_words; /* of one channel: its keys */
  int64_t keys_size;   /* words of all keys of a head in workspace */
  int64_t head_size;   /* the same of keys and values */
  int64_t pitch;       /* floats between two rows of scores */
} attention_plan;

static int plan_attention(const detr4j_attention *p, attention_plan *plan) {
  if (p->batch < 0 || p->queries < 0 || p->keys < 1 || p->heads < 1 || p->head_dim < 1 || p->queries_per_tile < 1) return 0;
  const int64_t padded_keys = round_up(p->keys, TILE_COLUMNS);
  plan->query_blocks = ceil_div(p->queries, p->queries_per_tile);
  plan->key_words = round_up(words_of(p->head_dim), HEAD_STEP);
  plan->value_words = round_up(words_of(p->keys), HEAD_STEP);
  plan->keys_size = padded_keys * plan->key_words;
  plan->head_size = plan->keys_size + round_up(p->head_dim, TILE_COLUMNS) * plan->value_words;
  /* Rows a multiple of 4096 bytes apart would share one set of the L1 cache. */
  plan->pitch = padded_keys % 1024 == 0 ? padded_keys + TILE_COLUMNS : padded_keys;
  return 1;
}

int64_t PRODUCTS_KERNEL(detr4j_attention, _workspace)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return p->batch * p->heads * plan.head_size * (int64_t)sizeof(float);
}

int64_t PRODUCTS_KERNEL(detr4j_attention, _pack_tiles)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return (int64_t)p->batch * p->heads;
}

int64_t PRODUCTS_KERNEL(detr4j_attention, _tiles)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return p->batch * p->heads * plan.query_blocks;
}

static void zero_words(uint32_t *words, int64_t count) { memset(words, 0, (size_t)count * sizeof(uint32_t)); }

/* A key into a column of its panel. */
V_INLINE void put_key(uint32_t *panel, int64_t column, const void *row, int32_t type, int64_t head_dim) {
  enum { CHUNK = 2 * V_LANES };
  for (int64_t c = 0; c < head_dim; c += CHUNK) {
    uint32_t words[CHUNK];
    const int64_t n = min_i64(CHUNK, head_dim - c), count = words_of(n);
    words[count - 1] = 0; /* the partner of an odd one */
    row_words(words, map_at(row, type, c), type, n);
    for (int64_t w = 0; w < count; w++) panel[(words_of(c) + w) * TILE_COLUMNS + column] = words[w];
  }
}

/* Channels of key j into the panels of values. */
V_INLINE void put_value(uint32_t *values, int64_t j, const void *row, int32_t type, int64_t head_dim, int64_t value_words) {
  for (int64_t c = 0; c < head_dim; c += TILE_COLUMNS, values += value_words * TILE_COLUMNS) {
    uint32_t words[TILE_COLUMNS];
    const int64_t n = min_i64(TILE_COLUMNS, head_dim - c);
    uint32_t *to = values + j / WORD_VALUES * TILE_COLUMNS;
    row_words(words, map_at(row, type, c), type, n);
    if (j % WORD_VALUES == 0 && (n < TILE_COLUMNS || WORD_VALUES > 1)) zero_words(to, TILE_COLUMNS);
    put_in_columns(to, j, words, n);
  }
}

int32_t PRODUCTS_KERNEL(detr4j_attention, _pack)(const detr4j_attention *p, int64_t tile) {
  attention_plan plan;
  if (!plan_attention(p, &plan) || tile < 0 || tile >= (int64_t)p->batch * p->heads) return DETR4J_ERROR_ARGUMENT;
  if (p->k == NULL || p->v == NULL || p->workspace == NULL) return DETR4J_ERROR_ARGUMENT;
  const int64_t item = tile / p->heads, head = tile % p->heads, head_dim = p->head_dim;
  const uint8_t *mask = p->key_mask == NULL ? NULL : p->key_mask + item * p->keys;
  uint32_t *keys = (uint32_t *)p->workspace + tile * plan.head_size;
  uint32_t *values = keys + plan.keys_size;
  int64_t valid = 0;
  for (int64_t j = 0; j < p->keys; j++) {
    if (mask != NULL && mask[j] == 0) continue;
    uint32_t *panel = keys + valid / TILE_COLUMNS * plan.key_words * TILE_COLUMNS;
    if (valid % TILE_COLUMNS == 0) {
      const int64_t words = words_of(head_dim);
      zero_words(panel + words * TILE_COLUMNS, (plan.key_words - words) * TILE_COLUMNS);
    }
    put_key(
        panel, valid % TILE_COLUMNS, map_at(p->k, p->k_type, item * p->k_batch_stride + j * p->k_row_stride + head * head_dim),
        p->k_type, head_dim);
    put_value(
        values, valid, map_at(p->v, p->v_type, item * p->v_batch_stride + j * p->v_row_stride + head * head_dim), p->v_type,
        head_dim, plan.value_words);
    valid++;
  }
  for (int64_t d = 0; d < head_dim; d += TILE_COLUMNS) { /* the end of each depth of values */
    const int64_t words = words_of(valid);
    zero_words(values + d * plan.value_words + words * TILE_COLUMNS, (plan.value_words - words) * TILE_COLUMNS);
  }
  for (; valid % TILE_COLUMNS != 0; valid++) { /* the rest of the last panel of keys */
    uint32_t *column = keys + valid / TILE_COLUMNS * plan.key_words * TILE_COLUMNS + valid % TILE_COLUMNS;
    for (int64_t w = 0; w < plan.key_words; w++) column[w * TILE_COLUMNS] = 0;
  }
  return DETR4J_OK;
}

/*
 * scores[0..count) to e^(scale scores - max) as words of the products, in place; zeros follow up to padded words. Returns the sum of the
 * numerators before they are rounded. The row is writable up to a whole vector.
 */
static float softmax_numerators(float *scores, int64_t count, int64_t padded, float scale) {
  const int64_t whole = count / V_LANES * V_LANES;
  const v_f32 factor = v_set1(scale);
  for (int64_t j = count; j < round_up(count, V_LANES); j++) scores[j] = scores[0]; /* padding must not change the maximum */
  v_f32 largest = v_set1(-INFINITY);
  for (int64_t j = 0; j < count; j += V_LANES) largest = v_max(largest, v_mul(v_load(scores + j), factor));
  const v_f32 shift = v_set1(v_reduce_max(largest));
  v_f32 sum = v_zero();
  for (int64_t j = 0; j < whole; j += V_LANES) {
    const v_f32 e = v_exp(v_sub(v_mul(v_load(scores + j), factor), shift));
    store_channels(scores, j, e, V_LANES);
    sum = v_add(sum, e);
  }
  if (whole < count) {
    const v_f32 e = v_first(v_exp(v_sub(v_mul(v_load(scores + whole), factor), shift)), count - whole);
    store_channels(scores, whole, e, count - whole);
    sum = v_add(sum, e);
  }
  for (int64_t w = words_of(count); w < padded; w++) scores[w] = 0.0f;
  return v_reduce_add(sum);
}

/* Keys of an item that the mask does not leave out. */
static int64_t count_valid(const detr4j_attention *p, int64_t item) {
  if (p->key_mask == NULL) return p->keys;
  int64_t valid = 0;
  for (int64_t j = 0; j < p->keys; j++) valid += p->key_mask[item * p->keys + j] != 0;
  return valid;
}

/* What a tile of the second phase works on: queries first to end of one head of one item, and the head as pack laid it out. */
typedef struct query_block {
  int64_t item, head, first, end;
  int64_t valid; /* keys */
  const uint32_t *keys, *values;
} query_block;

/* 0 where there is no such tile, or where a tensor is missing that each needs. */
static int queries_of_tile(
    const detr4j_attention *p, const attention_plan *plan, int64_t tile, const void *scratch, query_block *block) {
  if (tile < 0 || tile >= p->batch * p->heads * plan->query_blocks) return 0;
  if (p->q == NULL || p->workspace == NULL || p->out == NULL || scratch == NULL) return 0;
  const int64_t packed = tile / plan->query_blocks; /* item and head, as pack counts them */
  block->item = packed / p->heads;
  block->head = packed % p->heads;
  block->first = tile % plan->query_blocks * p->queries_per_tile;
  block->end = min_i64(block->first + p->queries_per_tile, p->queries);
  block->valid = count_valid(p, block->item);
  block->keys = (const uint32_t *)p->workspace + packed * plan->head_size;
  block->values = block->keys + plan->keys_size;
  return 1;
}

/* n columns of one query from their sums on. The row of sums is readable up to a whole vector. */
V_INLINE void store_quotients(void *out, int32_t type, const float *sums, float denominator, int64_t n) {
  for (int64_t c = 0; c < n; c += V_LANES) {
    store_map(map_at_mutable(out, type, c), type, v_div(v_load(sums + c), v_set1(denominator)), min_i64(V_LANES, n - c));
  }
}

#endif /* DETR4J_PACKED_HEADS_H */
