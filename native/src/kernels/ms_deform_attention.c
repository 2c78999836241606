// Multi-scale deformable attention, fused: softmax, locations, bilinear samples and their weighted sum in one pass.
//
// A tile is a block of queries of ONE head of one item, heads outside the blocks: neighbouring queries sample neighbouring
// cells, and of each cell only this head's channels, so that what the next query needs lies in L1 or L2.
//
//   pack   [tokens][heads][head_dim] -> [heads][tokens][head_dim]
//
// Where the value is sampled often, it is laid out by heads first: neighbouring cells of one head then follow each other, and
// use all sets of a cache in place of an eighth. The encoder of 45,200 tokens takes 71 ms so, the copy included, in place of 99.
//
//   for a group of QUERIES queries:
//     table      samples along the lanes (16 samples = one AVX-512 vector)
//                  logits  -> softmax weight a
//                  offsets -> pixel (x, y) -> cell (x0, y0), fractions -> four weights  a(1-fx)(1-fy) ...
//                  one word of corner bits: which of the four lie on the map
//     prefetch   the corners of all its samples: the misses of the group are under way at once
//     accumulate channels along the lanes, in registers over all samples:
//
//                  p          p + stride        acc += w00 p[..] + w01 p[stride ..]
//                  p + row    p + row + stride       + w10 p[row ..] + w11 p[row + stride ..]
//
// A corner off the map is neither read nor multiplied, so that no other cell's infinity can turn into NaN. Coordinates are
// clamped to just outside the map before they become integers. A NaN among offsets, logits or references makes the sum of
// the softmax NaN, and through 0 / sum every output of this query and head.
//
// Head dimensions are taken in chunks of 8, 4, 2 or 1 vectors with the table read anew for each; the last chunk is partial.
//
// Compiled for fp32 values and for bf16 ones, which are half as many bytes to wait for. Everything is computed in fp32.

#include "finish.h"
#include "kernel.h"
#include "products.h"
#include "tiles.h"

enum {
  QUERIES = 8,   // queries whose tables are made together
  PAD = 16,      // samples are padded to a multiple of the widest vector
  CORNERS = 15,  // corner bits: 1 = (x0, y0), 2 = (x0 + 1, y0), 4 = (x0, y0 + 1), 8 = (x0 + 1, y0 + 1)
};

// What does not change from query to query, one entry a sample.
typedef struct constants {
  float *ratio_x, *ratio_y, *width, *height;
  int32_t *first;
  int64_t *row_step; // elements from a cell to the one below
} constants;

// The table of one query, one entry a sample.
typedef struct table {
  float *w00, *w01, *w10, *w11;
  int32_t *cell, *corners; // cell: of corner 1, and a number without meaning when that is off the map
  float zero; // NaN when an input was
} table;

static int64_t padded_samples(const detr4j_ms_deform_attention *p) {
  return ((int64_t)p->levels_count * p->points + PAD - 1) / PAD * PAD;
}

static void *take(char **scratch, int64_t bytes) {
  void *here = *scratch;
  *scratch += bytes;
  return here;
}

static void fill_constants(const detr4j_ms_deform_attention *p, int64_t item, int64_t stride, constants *c) {
  const int64_t padded = padded_samples(p);
  int64_t s = 0;
  for (int32_t level = 0; level < p->levels_count; level++) {
    const int32_t height = p->levels[3 * level], width = p->levels[3 * level + 1], first = p->levels[3 * level + 2];
    const float *ratio = p->valid_ratios + (item * p->levels_count + level) * 2;
    for (int32_t point = 0; point < p->points; point++, s++) {
      c->ratio_x[s] = ratio[0];
      c->ratio_y[s] = ratio[1];
      c->width[s] = (float)width;
      c->height[s] = (float)height;
      c->first[s] = first;
      c->row_step[s] = width * stride;
    }
  }
  for (; s < padded; s++) { // padding
    c->ratio_x[s] = c->ratio_y[s] = c->width[s] = c->height[s] = 0;
    c->first[s] = 0;
    c->row_step[s] = 0;
  }
}

// e^(logit - max) of each sample into weights; returns the sum. Padding holds -infinity and becomes 0.
static float exponentials(const float *logits, float *weights, int64_t padded) {
  v_f32 largest = v_load(logits);
  for (int64_t s = V_LANES; s < padded; s += V_LANES) {
    largest = v_max(largest, v_load(logits + s));
  }
  const v_f32 max = v_set1(v_reduce_max(largest));
  v_f32 sum = v_zero();
  for (int64_t s = 0; s < padded; s += V_LANES) {
    const v_f32 e = v_exp(v_sub(v_load(logits + s), max));
    v_store(weights + s, e);
    sum = v_add(sum, e);
  }
  return v_reduce_add(sum);
}

// The pixel coordinate, held within [-2, extent]; NaN stays NaN (v_max and v_min return their second operand then).
static inline v_f32 hold(v_f32 pixel, v_f32 extent) { return v_min(extent, v_max(v_set1(-2.0f), pixel)); }

// Which corners of the cells (x0, y0) lie on the map, as whole numbers 0 to 15.
V_INLINE v_f32 corner_bits(v_f32 x0, v_f32 y0, v_f32 width, v_f32 height) {
  const v_f32 zero = v_zero(), one = v_set1(1.0f), minus_one = v_set1(-1.0f);
  const v_mask left = v_mask_and(v_le(zero, x0), v_lt(x0, width));
  const v_mask right = v_mask_and(v_le(minus_one, x0), v_lt(v_add(x0, one), width));
  const v_mask above = v_mask_and(v_le(zero, y0), v_lt(y0, height));
  const v_mask below = v_mask_and(v_le(minus_one, y0), v_lt(v_add(y0, one), height));
  const v_f32 columns = v_add(v_select(left, one, zero), v_select(right, v_set1(2.0f), zero));
  return v_add(v_select(above, columns, zero), v_select(below, v_mul(columns, v_set1(4.0f)), zero));
}

// First cells, fractions and weights of the samples of one query. offsets: interleaved x, y, padded like logits.
static void fill_table(const detr4j_ms_deform_attention *p, const constants *c, const float *offsets, const float *logits,
                       const float *reference, table *t) {
  const int64_t samples = (int64_t)p->levels_count * p->points, padded = padded_samples(p);
  const float sum = exponentials(logits, t->w00, padded);
  const int box = p->reference_columns == 4;
  const v_f32 centre_x = v_set1(reference[0]), centre_y = v_set1(reference[1]);
  const v_f32 reach_x = v_set1(box ? reference[2] * 0.5f / (float)p->points : 0);
  const v_f32 reach_y = v_set1(box ? reference[3] * 0.5f / (float)p->points : 0);
  const v_f32 half = v_set1(0.5f), one = v_set1(1.0f), inverse = v_set1(1.0f / sum);
  v_f32 taint = v_zero(); // 0, or NaN where a coordinate is
  for (int64_t s = 0; s < padded; s += V_LANES) {
    const v_f32 width = v_load(c->width + s), height = v_load(c->height + s);
    const v_f32 ratio_x = v_load(c->ratio_x + s), ratio_y = v_load(c->ratio_y + s);
    v_f32 x, y;
    v_unzip(v_load(offsets + 2 * s), v_load(offsets + 2 * s + V_LANES), &x, &y);
    if (box) {
      x = v_sub(v_mul(v_fmadd(x, v_mul(reach_x, ratio_x), v_mul(centre_x, ratio_x)), width), half);
      y = v_sub(v_mul(v_fmadd(y, v_mul(reach_y, ratio_y), v_mul(centre_y, ratio_y)), height), half);
    } else {
      x = v_fmadd(v_mul(centre_x, ratio_x), width, v_sub(x, half));
      y = v_fmadd(v_mul(centre_y, ratio_y), height, v_sub(y, half));
    }
    x = hold(x, width);
    y = hold(y, height);
    if (s < samples) {
      const int64_t n = samples - s < V_LANES ? samples - s : V_LANES;
      taint = v_add(taint, v_first(v_add(v_sub(x, x), v_sub(y, y)), n));
    }
    const v_f32 floor_x = v_floor(x), floor_y = v_floor(y);
    // Held again: of NaN, SSE2's v_floor makes a number and the others NaN.
    const v_f32 x0 = v_max(floor_x, v_set1(-2.0f)), y0 = v_max(floor_y, v_set1(-2.0f));
    const v_i32 row = v_i32_mul(v_to_i32(y0), v_to_i32(width));
    v_i32_store(t->cell + s, v_i32_add(v_i32_load(c->first + s), v_i32_add(row, v_to_i32(x0))));
    v_i32_store(t->corners + s, v_to_i32(corner_bits(x0, y0, width, height)));
    const v_f32 fx = v_sub(x, floor_x), fy = v_sub(y, floor_y);
    const v_f32 gx = v_sub(one, fx), gy = v_sub(one, fy);
    const v_f32 a = v_mul(v_load(t->w00 + s), inverse);
    const v_f32 top = v_mul(a, gy), bottom = v_mul(a, fy);
    v_store(t->w00 + s, v_mul(top, gx));
    v_store(t->w01 + s, v_mul(top, fx));
    v_store(t->w10 + s, v_mul(bottom, gx));
    v_store(t->w11 + s, v_mul(bottom, fx));
  }
  t->zero = 0.0f / (sum + v_reduce_add(taint));
}

// The map that is sampled; element 0 is the head's first channel of the first cell.
typedef struct sampled {
  const void *map;
  int32_t type;
  int64_t stride; // elements from a cell to the next
} sampled;

// Sums all samples into `vectors` vectors of channels of one query. sets: how many accumulators share the work of one
// vector, so that as many chains run side by side as hide the latency of a multiply-add.
V_INLINE void accumulate(const int32_t type, const void *value, int64_t stride, const int64_t *row_step, const table *t, int64_t samples,
                         void *out, int32_t out_type, const int vectors, const int sets, const int n) {
  v_f32 acc[4][8];
#pragma GCC unroll 8
  for (int j = 0; j < vectors; j++) {
#pragma GCC unroll 4
    for (int set = 0; set < sets; set++) {
      acc[set][j] = v_set1(t->zero);
    }
  }
  const int64_t size = MAP_BYTES(type), right = stride * size; // in bytes, as all addresses here
  for (int64_t s = 0; s < samples; s++) {
    const int32_t corners = t->corners[s];
    const char *above = (const char *)value + t->cell[s] * right, *below = above + row_step[s] * size;
    const v_f32 w00 = v_set1(t->w00[s]), w01 = v_set1(t->w01[s]), w10 = v_set1(t->w10[s]), w11 = v_set1(t->w11[s]);
    if (corners == CORNERS) {
#pragma GCC unroll 8
      for (int j = 0; j < vectors; j++) {
        acc[0][j] = v_fmadd(load_map(above + j * V_LANES * size, type, n), w00, acc[0][j]);
        acc[1 % sets][j] = v_fmadd(load_map(above + right + j * V_LANES * size, type, n), w01, acc[1 % sets][j]);
        acc[2 % sets][j] = v_fmadd(load_map(below + j * V_LANES * size, type, n), w10, acc[2 % sets][j]);
        acc[3 % sets][j] = v_fmadd(load_map(below + right + j * V_LANES * size, type, n), w11, acc[3 % sets][j]);
      }
      continue;
    }
#pragma GCC unroll 8
    for (int j = 0; j < vectors; j++) {
      if (corners & 1) {
        acc[0][j] = v_fmadd(load_map(above + j * V_LANES * size, type, n), w00, acc[0][j]);
      }
      if (corners & 2) {
        acc[0][j] = v_fmadd(load_map(above + right + j * V_LANES * size, type, n), w01, acc[0][j]);
      }
      if (corners & 4) {
        acc[0][j] = v_fmadd(load_map(below + j * V_LANES * size, type, n), w10, acc[0][j]);
      }
      if (corners & 8) {
        acc[0][j] = v_fmadd(load_map(below + right + j * V_LANES * size, type, n), w11, acc[0][j]);
      }
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < vectors; j++) {
    v_f32 sum = acc[0][j];
#pragma GCC unroll 4
    for (int set = 1; set < sets; set++) {
      sum = v_add(sum, acc[set][j]);
    }
    store_map(map_at_mutable(out, out_type, j * V_LANES), out_type, sum, n);
  }
}

// Asks for the corners of a query's samples, so that the misses of a whole group are under way at once: with other heads between
// them, the rows of one head lie too far apart for the processor to guess.
static void prefetch_samples(const sampled *value, const int64_t *row_step, const table *t, int64_t samples, int32_t head_dim) {
  const int32_t type = MAP_TYPE(value->type), line = 64 / MAP_BYTES(value->type);
  for (int64_t s = 0; s < samples; s++) {
    if (t->corners[s] == CORNERS) {
      const void *above = element_at(value->map, type, t->cell[s] * value->stride), *below = element_at(above, type, row_step[s]);
      for (int32_t c = 0; c < head_dim; c += line) {
        __builtin_prefetch(element_at(above, type, c), 0, 2);
        __builtin_prefetch(element_at(above, type, value->stride + c), 0, 2);
        __builtin_prefetch(element_at(below, type, c), 0, 2);
        __builtin_prefetch(element_at(below, type, value->stride + c), 0, 2);
      }
    }
  }
}

V_INLINE void sum_samples_of(const int32_t type, const sampled *value, const int64_t *row_step, const table *t, int64_t samples,
                             void *out, int32_t out_type, int32_t head_dim) {
  int32_t c = 0;
#define CHUNK(vectors, sets, n) \
  accumulate(type, element_at(value->map, type, c), value->stride, row_step, t, samples, map_at_mutable(out, out_type, c), out_type, vectors, sets, n)
  for (; head_dim - c >= 8 * V_LANES; c += 8 * V_LANES) CHUNK(8, 1, V_LANES);
  if (head_dim - c >= 4 * V_LANES) {
    CHUNK(4, 2, V_LANES);
    c += 4 * V_LANES;
  }
  if (head_dim - c >= 2 * V_LANES) {
    CHUNK(2, 4, V_LANES);
    c += 2 * V_LANES;
  }
  if (head_dim - c >= V_LANES) {
    CHUNK(1, 4, V_LANES);
    c += V_LANES;
  }
  if (c < head_dim) CHUNK(1, 1, head_dim - c);
#undef CHUNK
}

static void sum_samples(const sampled *value, const int64_t *row_step, const table *t, int64_t samples, void *out, int32_t out_type,
                        int32_t head_dim) {
  if (MAP_TYPE(value->type) == DETR4J_TYPE_BF16) {
    sum_samples_of(DETR4J_TYPE_BF16, value, row_step, t, samples, out, out_type, head_dim);
  } else {
    sum_samples_of(DETR4J_TYPE_F32, value, row_step, t, samples, out, out_type, head_dim);
  }
}

// The weights of all corners on a map; NaN when an input was.
static float weights_on_map(const table *t, int64_t samples) {
  float sum = t->zero;
  for (int64_t s = 0; s < samples; s++) {
    const int32_t corners = t->corners[s];
    sum += (corners & 1 ? t->w00[s] : 0) + (corners & 2 ? t->w01[s] : 0) + (corners & 4 ? t->w10[s] : 0) +
           (corners & 8 ? t->w11[s] : 0);
  }
  return sum;
}

int64_t PRODUCTS_KERNEL(detr4j_ms_deform_attention, _workspace)(const detr4j_ms_deform_attention *p) {
  return (int64_t)p->batch * p->heads * p->tokens * p->head_dim * (int64_t)sizeof(float) / WORD_VALUES;
}

int64_t PRODUCTS_KERNEL(detr4j_ms_deform_attention, _pack_tiles)(const detr4j_ms_deform_attention *p) {
  return row_tiles(p->batch, p->tokens, p->tokens_per_tile);
}

int32_t PRODUCTS_KERNEL(detr4j_ms_deform_attention, _pack)(const detr4j_ms_deform_attention *p, int64_t tile) {
  row_range range;
  if (p->workspace == NULL || p->shared_value || !rows_of_tile(&range, tile, p->batch, p->tokens, p->tokens_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t t = range.begin; t < range.end; t++) {
    const int64_t from = range.item * p->value_batch_stride + t * p->value_row_stride;
    for (int64_t head = 0; head < p->heads; head++) {
      const int64_t to = ((range.item * p->heads + head) * p->tokens + t) * p->head_dim;
      put_elements(
          map_at_mutable(p->workspace, PACKED_TYPE, to), map_at(p->value, p->value_type, from + head * p->head_dim), p->value_type,
          p->head_dim);
    }
  }
  return DETR4J_OK;
}

int64_t PRODUCTS_KERNEL(detr4j_ms_deform_attention, _tiles)(const detr4j_ms_deform_attention *p) {
  return row_tiles((int64_t)p->batch * p->heads, p->queries, p->queries_per_tile);
}

// 10 words a sample for constants and padded inputs (row_step takes two), 6 for each table.
int64_t PRODUCTS_KERNEL(detr4j_ms_deform_attention, _scratch)(const detr4j_ms_deform_attention *p) {
  return padded_samples(p) * (int64_t)sizeof(float) * (10 + 6 * QUERIES);
}

int32_t PRODUCTS_KERNEL(detr4j_ms_deform_attention, )(const detr4j_ms_deform_attention *p, int64_t tile, void *scratch) {
  row_range range;
  if (p->levels_count < 1 || p->points < 1 || (p->shared_value && p->workspace != NULL) ||
      !rows_of_tile(&range, tile, (int64_t)p->batch * p->heads, p->queries, p->queries_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t item = range.item / p->heads, head = range.item % p->heads;
  const int64_t samples = (int64_t)p->levels_count * p->points, padded = padded_samples(p);
  const int64_t bytes = padded * (int64_t)sizeof(float);
  const int64_t first = item * p->value_batch_stride + (p->shared_value ? 0 : head * p->head_dim);
  sampled value = {map_at(p->value, p->value_type, first), p->value_type, p->value_row_stride};
  if (p->workspace != NULL) {
    value = (sampled){map_at(p->workspace, PACKED_TYPE, range.item * p->tokens * p->head_dim), PACKED_TYPE, p->head_dim};
  }

  char *free_scratch = scratch;
  constants c;
  c.row_step = take(&free_scratch, 2 * bytes);
  c.ratio_x = take(&free_scratch, bytes);
  c.ratio_y = take(&free_scratch, bytes);
  c.width = take(&free_scratch, bytes);
  c.height = take(&free_scratch, bytes);
  c.first = take(&free_scratch, bytes);
  fill_constants(p, item, value.stride, &c);
  float *padded_logits = take(&free_scratch, bytes), *padded_offsets = take(&free_scratch, 2 * bytes);
  for (int64_t s = samples; s < padded; s++) {
    padded_logits[s] = -INFINITY;
    padded_offsets[2 * s] = padded_offsets[2 * s + 1] = 0;
  }
  table tables[QUERIES];
  for (int i = 0; i < QUERIES; i++) {
    tables[i].w00 = take(&free_scratch, bytes);
    tables[i].w01 = take(&free_scratch, bytes);
    tables[i].w10 = take(&free_scratch, bytes);
    tables[i].w11 = take(&free_scratch, bytes);
    tables[i].cell = take(&free_scratch, bytes);
    tables[i].corners = take(&free_scratch, bytes);
  }

  const int64_t out_head = p->head_dim + (p->shared_value ? 1 : 0);
  for (int64_t group = range.begin; group < range.end; group += QUERIES) {
    const int64_t group_end = min_i64(group + QUERIES, range.end);
    for (int64_t q = group; q < group_end; q++) {
      const float *offsets = p->offsets + item * p->offsets_batch_stride + q * p->offsets_row_stride + head * samples * 2;
      const float *logits = p->logits + item * p->logits_batch_stride + q * p->logits_row_stride + head * samples;
      if (samples != padded) {
        memcpy(padded_offsets, offsets, (size_t)samples * 2 * sizeof(float));
        memcpy(padded_logits, logits, (size_t)samples * sizeof(float));
        offsets = padded_offsets;
        logits = padded_logits;
      }
      fill_table(p, &c, offsets, logits, p->reference + item * p->reference_batch_stride + q * p->reference_row_stride,
                 &tables[q - group]);
    }
    for (int64_t q = group; q < group_end; q++) {
      prefetch_samples(&value, c.row_step, &tables[q - group], samples, p->head_dim);
    }
    for (int64_t q = group; q < group_end; q++) {
      const int64_t to = item * p->out_batch_stride + q * p->out_row_stride + head * out_head;
      void *out = map_at_mutable(p->out, p->out_type, to);
      sum_samples(&value, c.row_step, &tables[q - group], samples, out, p->out_type, p->head_dim);
      if (p->shared_value) {
        const v_f32 weights = v_set1(weights_on_map(&tables[q - group], samples));
        store_map(map_at_mutable(out, p->out_type, p->head_dim), p->out_type, weights, 1);
      }
    }
  }
  return DETR4J_OK;
}
