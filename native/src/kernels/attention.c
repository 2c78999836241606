// Scaled dot-product attention, out = softmax(q k^T scale) v, one head at a time and in two phases.
//
// pack    lays one head out for the register tile of gemm_tile.h:
//           keys    [panels of keys][head_dim][TILE_COLUMNS]   transposed, so that a panel holds TILE_COLUMNS keys
//           values  [panels of columns][keys][TILE_COLUMNS]
//         Keys that the mask leaves out are not copied: what they hold cannot reach a result, and they cost nothing.
// tiles   for TILE_ROWS queries at a time:
//           scores[query][key] = q k^T      the tile, panel by panel of keys, into scratch
//           softmax by rows, not yet divided
//           out[query][column] = scores v   the tile again, with all keys as its depth; then one division by the row's sum
//
// Scores are kept for TILE_ROWS queries only: 12 x 850 floats for DETR's encoder, which is L1 and L2.

#include "gemm_tile.h"
#include "kernel.h"

typedef struct attention_plan {
  int64_t query_blocks;
  int64_t key_floats;  // of one head in workspace
  int64_t head_floats; // keys and values
  int64_t pitch;       // floats between two rows of scores
} attention_plan;

static int plan_attention(const detr4j_attention *p, attention_plan *plan) {
  if (p->batch < 0 || p->queries < 0 || p->keys < 1 || p->heads < 1 || p->head_dim < 1 || p->queries_per_tile < 1) return 0;
  const int64_t padded_keys = round_up(p->keys, TILE_COLUMNS);
  plan->query_blocks = ceil_div(p->queries, p->queries_per_tile);
  plan->key_floats = padded_keys * p->head_dim;
  plan->head_floats = plan->key_floats + round_up(p->head_dim, TILE_COLUMNS) * p->keys;
  // Rows a multiple of 4096 bytes apart would share one set of the L1 cache.
  plan->pitch = padded_keys % 1024 == 0 ? padded_keys + TILE_COLUMNS : padded_keys;
  return 1;
}

int64_t KERNEL(detr4j_attention_f32_workspace)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return p->batch * p->heads * plan.head_floats * (int64_t)sizeof(float);
}

int64_t KERNEL(detr4j_attention_f32_scratch)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return TILE_ROWS * plan.pitch * (int64_t)sizeof(float);
}

int64_t KERNEL(detr4j_attention_f32_pack_tiles)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return (int64_t)p->batch * p->heads;
}

int64_t KERNEL(detr4j_attention_f32_tiles)(const detr4j_attention *p) {
  attention_plan plan;
  if (!plan_attention(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return p->batch * p->heads * plan.query_blocks;
}

int32_t KERNEL(detr4j_attention_f32_pack)(const detr4j_attention *p, int64_t tile) {
  attention_plan plan;
  if (!plan_attention(p, &plan) || tile < 0 || tile >= (int64_t)p->batch * p->heads) return DETR4J_ERROR_ARGUMENT;
  if (p->k == NULL || p->v == NULL || p->workspace == NULL) return DETR4J_ERROR_ARGUMENT;
  const int64_t item = tile / p->heads, head = tile % p->heads, head_dim = p->head_dim;
  const float *k = p->k + item * p->k_batch_stride + head * head_dim;
  const float *v = p->v + item * p->v_batch_stride + head * head_dim;
  const uint8_t *mask = p->key_mask == NULL ? NULL : p->key_mask + item * p->keys;
  float *keys = p->workspace + tile * plan.head_floats;
  float *values = keys + plan.key_floats;

  int64_t valid = 0;
  for (int64_t j = 0; j < p->keys; j++) {
    if (mask != NULL && mask[j] == 0) continue;
    const float *key = k + j * p->k_row_stride;
    float *panel = keys + valid / TILE_COLUMNS * head_dim * TILE_COLUMNS + valid % TILE_COLUMNS;
    for (int64_t d = 0; d < head_dim; d++) panel[d * TILE_COLUMNS] = key[d];
    const float *value = v + j * p->v_row_stride;
    for (int64_t d = 0; d < head_dim; d += TILE_COLUMNS) {
      float *row = values + (d * p->keys + valid * TILE_COLUMNS);
      const int64_t columns = min_i64(TILE_COLUMNS, head_dim - d);
      memcpy(row, value + d, (size_t)columns * sizeof(float));
      memset(row + columns, 0, (size_t)(TILE_COLUMNS - columns) * sizeof(float));
    }
    valid++;
  }
  for (; valid % TILE_COLUMNS != 0; valid++) { // the rest of the last panel of keys
    float *panel = keys + valid / TILE_COLUMNS * head_dim * TILE_COLUMNS + valid % TILE_COLUMNS;
    for (int64_t d = 0; d < head_dim; d++) panel[d * TILE_COLUMNS] = 0.0f;
  }
  return DETR4J_OK;
}

// scores[0..count) to e^(scale scores - max), in place; returns their sum. The row is writable up to a whole vector.
static float softmax_numerators(float *scores, int64_t count, float scale) {
  const int64_t whole = count / V_LANES * V_LANES;
  const v_f32 factor = v_set1(scale);
  for (int64_t j = count; j < round_up(count, V_LANES); j++) scores[j] = scores[0]; // padding must not change the maximum
  v_f32 largest = v_set1(-INFINITY);
  for (int64_t j = 0; j < count; j += V_LANES) largest = v_max(largest, v_mul(v_load(scores + j), factor));
  const v_f32 shift = v_set1(v_reduce_max(largest));
  v_f32 sum = v_zero();
  for (int64_t j = 0; j < whole; j += V_LANES) {
    const v_f32 e = v_exp(v_sub(v_mul(v_load(scores + j), factor), shift));
    v_store(scores + j, e);
    sum = v_add(sum, e);
  }
  if (whole < count) {
    v_store(scores + whole, v_exp(v_sub(v_mul(v_load(scores + whole), factor), shift)));
    sum = v_add(sum, v_load_partial(scores + whole, count - whole));
  }
  return v_reduce_add(sum);
}

static int64_t count_valid(const detr4j_attention *p, int64_t item) {
  if (p->key_mask == NULL) return p->keys;
  int64_t valid = 0;
  for (int64_t j = 0; j < p->keys; j++) valid += p->key_mask[item * p->keys + j] != 0;
  return valid;
}

int32_t KERNEL(detr4j_attention_f32)(const detr4j_attention *p, int64_t tile, void *scratch) {
  attention_plan plan;
  if (!plan_attention(p, &plan) || tile < 0 || tile >= p->batch * p->heads * plan.query_blocks) return DETR4J_ERROR_ARGUMENT;
  if (p->q == NULL || p->workspace == NULL || p->out == NULL || scratch == NULL) return DETR4J_ERROR_ARGUMENT;
  const int64_t packed = tile / plan.query_blocks; // item and head, as pack counts them
  const int64_t item = packed / p->heads, head = packed % p->heads;
  const int64_t first = tile % plan.query_blocks * p->queries_per_tile;
  const int64_t end = min_i64(first + p->queries_per_tile, p->queries);
  const int64_t valid = count_valid(p, item);
  const float *q = p->q + item * p->q_batch_stride + head * p->head_dim;
  float *out = p->out + item * p->out_batch_stride + head * p->head_dim;
  const float *keys = p->workspace + packed * plan.head_floats;
  const float *values = keys + plan.key_floats;
  float *scores = scratch;

  const float *query_rows[TILE_ROWS], *score_rows[TILE_ROWS];
  for (int64_t r = 0; r < TILE_ROWS; r++) score_rows[r] = scores + r * plan.pitch;
  const gemm_tile by_keys = {.rows = query_rows, .pitch = TILE_ROWS, .taps = 1, .depth = p->head_dim};
  const gemm_tile by_values = {.rows = score_rows, .pitch = TILE_ROWS, .taps = 1, .depth = valid};

  for (int64_t query = first; query < end; query += TILE_ROWS) {
    const int64_t rows = min_i64(TILE_ROWS, end - query);
    for (int64_t r = 0; r < rows; r++) query_rows[r] = q + (query + r) * p->q_row_stride;
    for (int64_t j = 0; j < valid; j += TILE_COLUMNS) {
      gemm_tile_multiply(&by_keys, 0, rows, keys + j * p->head_dim, scores + j, plan.pitch);
    }
    float sums[TILE_ROWS];
    for (int64_t r = 0; r < rows; r++) sums[r] = softmax_numerators(scores + r * plan.pitch, valid, p->scale);
    for (int64_t d = 0; d < p->head_dim; d += TILE_COLUMNS) {
      _Alignas(64) float block[TILE_ROWS * TILE_COLUMNS];
      gemm_tile_multiply(&by_values, 0, rows, values + d * p->keys, block, TILE_COLUMNS);
      for (int64_t r = 0; r < rows; r++) {
        float *row = out + (query + r) * p->out_row_stride + d;
        for (int64_t c = 0; c < TILE_COLUMNS && d + c < p->head_dim; c += V_LANES) {
          const v_f32 quotient = v_div(v_load(block + r * TILE_COLUMNS + c), v_set1(sums[r]));
          v_store_partial(row + c, quotient, min_i64(V_LANES, p->head_dim - d - c));
        }
      }
    }
  }
  return DETR4J_OK;
}
