/* What convolutions share: the check of their numbers, and the loops that they end in, a block of output pixels times some panels. */
#ifndef DETR4J_PANELS_H
#define DETR4J_PANELS_H

#include "finish.h"
#include "gemm_tile.h"
#include "kernel.h"
#include "read_ahead.h"

/* Whether the numbers of a convolution agree with each other; pointers are not looked at. */
static inline int convolution_fits(const detr4j_conv2d *p) {
  if (p->batch < 0 || p->in_h < 0 || p->in_w < 0 || p->in_c < 1 || p->out_h < 0 || p->out_w < 0 || p->out_c < 1) return 0;
  if (p->kernel_h < 1 || p->kernel_w < 1 || p->stride < 1 || p->padding < 0 || p->dilation < 1 || p->groups < 1) return 0;
  if (p->in_c % p->groups != 0 || p->out_c % p->groups != 0 || p->rows_per_tile < 1 || p->panels_per_tile < 1) return 0;
  if (p->tiles_at_once < 0) return 0;
  if (p->activation < DETR4J_ACTIVATION_NONE || p->activation > DETR4J_ACTIVATION_SILU) return 0;
  if (p->row_mask_mode < DETR4J_ROW_MASK_NONE || p->row_mask_mode > DETR4J_ROW_MASK_ZERO_OUTPUT) return 0;
  // The last output pixel's first tap is inside the padded map; then every other tap is inside it or padding.
  int64_t reach_h = (int64_t)p->in_h + 2 * (int64_t)p->padding - (int64_t)p->dilation * (p->kernel_h - 1);
  int64_t reach_w = (int64_t)p->in_w + 2 * (int64_t)p->padding - (int64_t)p->dilation * (p->kernel_w - 1);
  if (((int64_t)p->out_h - 1) * p->stride >= reach_h || ((int64_t)p->out_w - 1) * p->stride >= reach_w) return 0;
  return 1;
}

/* How output pixels and panels are cut into blocks, the tiles of the ABI. */
typedef struct block_cut {
  int64_t pixels;       /* of one output map */
  int64_t block_pixels; /* of a block; the last one of a map may have fewer */
  int64_t row_blocks, panel_blocks;
  int64_t group_out, group_panels;
} block_cut;

/* Of numbers that fit. */
static inline block_cut cut_into_blocks(const detr4j_conv2d *p) {
  block_cut cut = {.pixels = (int64_t)p->out_h * p->out_w, .group_out = p->out_c / p->groups};
  cut.block_pixels = min_i64(p->rows_per_tile, cut.pixels);
  cut.row_blocks = ceil_div(cut.pixels, p->rows_per_tile);
  cut.group_panels = ceil_div(cut.group_out, TILE_COLUMNS);
  cut.panel_blocks = ceil_div(cut.group_panels * p->groups, p->panels_per_tile);
  return cut;
}

static inline int64_t count_blocks(const detr4j_conv2d *p, const block_cut *cut) {
  return p->batch * cut->row_blocks * cut->panel_blocks;
}

typedef struct panel_block {
  int64_t item, first, count;     /* output pixels first to first + count of one batch item */
  int64_t pixels;                 /* of one output map */
  int64_t first_panel, end_panel; /* of all groups, one after the other */
  int64_t group_panels, group_out;
  int64_t group_words; /* from one group's channels to the next in a row of the product */
  read_ahead next_x, next_residual;
} panel_block;

/*
 * The block of a tile, whose rows have group_words words for each group; 0 where there is no such tile, or where a tensor is
 * missing that each needs.
 */
static inline int block_of_tile(
    const detr4j_conv2d *p, const block_cut *cut, int64_t group_words, int64_t tile, const void *scratch, panel_block *block) {
  if (tile < 0 || tile >= count_blocks(p, cut)) return 0;
  if (p->x == NULL || p->weight == NULL || p->out == NULL || scratch == NULL) return 0;
  if (p->row_mask_mode != DETR4J_ROW_MASK_NONE && p->row_mask == NULL) return 0;
  const int64_t first = tile / cut->panel_blocks % cut->row_blocks * p->rows_per_tile;
  const int64_t first_panel = tile % cut->panel_blocks * p->panels_per_tile;
  *block = (panel_block){
      .item = tile / (cut->row_blocks * cut->panel_blocks), .first = first, .count = min_i64(p->rows_per_tile, cut->pixels - first),
      .pixels = cut->pixels, .first_panel = first_panel,
      .end_panel = min_i64(first_panel + p->panels_per_tile, cut->group_panels * p->groups), .group_panels = cut->group_panels,
      .group_out = cut->group_out, .group_words = group_words};
  return 1;
}

/*
 * Sets what will be read in the tile that comes tiles_at_once later: nothing where that is not known as one piece of memory,
 * or is this block once more with other panels.
 */
static inline void look_ahead(const detr4j_conv2d *p, const block_cut *cut, int64_t tile, panel_block *b) {
  const int64_t row_blocks = cut->row_blocks, panel_blocks = cut->panel_blocks;
  const int64_t next = (tile + p->tiles_at_once) / panel_blocks;
  if (next == tile / panel_blocks || next >= p->batch * row_blocks) return;
  if (p->kernel_h != 1 || p->kernel_w != 1 || p->stride != 1 || p->padding != 0) return;
  const int64_t item = next / row_blocks, first = next % row_blocks * p->rows_per_tile;
  const int64_t count = min_i64(p->rows_per_tile, b->pixels - first);
  b->next_x = rows_ahead(p->x, p->x_type, item * p->x_batch_stride + first * p->x_row_stride, count, p->x_row_stride, p->in_c);
  b->next_residual = rows_ahead(
      p->residual, DETR4J_TYPE_F32, item * p->residual_batch_stride + first * p->residual_row_stride, count, p->residual_row_stride, p->out_c);
}

/* One output pixel's columns of one panel. valid is its byte of the row mask, 1 where there is no mask. */
V_INLINE void finish_row(
    const detr4j_conv2d *p, const float *sums, int valid, const float *bias, const float *residual, void *out,
    int64_t columns) {
  v_f32 left = v_load(sums), right = v_load(sums + V_LANES);
  if (!valid) { /* by selection, not by multiplying with 0: the masked input may be NaN */
    if (p->row_mask_mode == DETR4J_ROW_MASK_ZERO_OUTPUT) {
      memset(out, 0, (size_t)columns * MAP_BYTES(p->out_type));
      return;
    }
    left = right = v_zero();
  }
  finish_channels(p, left, right, bias, residual, out, columns);
}

/* Where a whole tile goes from registers: TILE_ROWS rows, TILE_COLUMNS channels, no mask, no activation but ReLU. */
typedef struct tile_output {
  const float *bias, *residual;
  void *out;
  int64_t residual_pitch, out_pitch;
  int32_t out_type;
  int relu, stream;
} tile_output;

V_INLINE void store_tile_row(const tile_output *o, void *out, v_f32 left, v_f32 right) {
#if defined(DETR4J_PRODUCTS_BF16)
  if (o->out_type == DETR4J_TYPE_BF16) {
    if (o->stream) {
      v_stream_bf16_pair(out, left, right);
    } else {
      v_store_bf16_pair(out, left, right);
    }
    return;
  }
#endif
  float *row = out;
  if (o->stream) {
    v_stream(row, left);
    v_stream(row + V_LANES, right);
  } else {
    v_store(row, left);
    v_store(row + V_LANES, right);
  }
}

/*
 * A whole tile with what finish_row does to its rows, before the sums have left the registers: with a depth of 64 a way through
 * memory costs a third of the product.
 */
V_INLINE void whole_tile_of_size(
    const int height, const int panels, const gemm_tile *t, int64_t first, const float *b, const tile_output *o) {
  const int vectors = panels * TILE_VECTORS;
  v_f32 sums[TILE_ACCUMULATORS];
  gemm_tile_sums(height, panels, t, first, height, b, sums);
  if (o->bias != NULL) {
    UNROLL_TILE
    for (int c = 0; c < vectors; c++) {
      const v_f32 bias = v_load(o->bias + c * V_LANES);
      UNROLL_TILE
      for (int r = 0; r < height; r++) sums[r * vectors + c] = v_add(sums[r * vectors + c], bias);
    }
  }
  if (o->residual != NULL) {
    UNROLL_TILE
    for (int r = 0; r < height; r++) {
      const float *row = o->residual + r * o->residual_pitch;
      UNROLL_TILE
      for (int c = 0; c < vectors; c++) sums[r * vectors + c] = v_add(sums[r * vectors + c], v_load(row + c * V_LANES));
    }
  }
  if (o->relu) {
    UNROLL_TILE
    for (int i = 0; i < height * vectors; i++) sums[i] = v_max(v_zero(), sums[i]);
  }
  UNROLL_TILE
  for (int r = 0; r < height; r++) {
    UNROLL_TILE
    for (int c = 0; c < vectors; c += TILE_VECTORS) {
      store_tile_row(
          o, map_at_mutable(o->out, o->out_type, r * o->out_pitch + c * V_LANES), sums[r * vectors + c],
          sums[r * vectors + c + 1]);
    }
  }
}

/* Not inlined, see gemm_tile_multiply. */
static __attribute__((noinline)) void multiply_whole_tile(
    const gemm_tile *t, int64_t first, const float *b, const tile_output *o) {
  whole_tile_of_size(TILE_ROWS, 1, t, first, b, o);
}

#if defined(WIDE_ROWS)
static __attribute__((noinline)) void multiply_wide_tile(
    const gemm_tile *t, int64_t first, const float *b, const tile_output *o) {
  whole_tile_of_size(WIDE_ROWS, 2, t, first, b, o);
}
#endif

/* What the register tiles of a block share. */
typedef struct block_products {
  const detr4j_conv2d *p;
  const panel_block *b;
  gemm_tile product; /* its offset is the group's */
  const float *residual_rows;
  int64_t first_out;
  int64_t tiles_left; /* register tiles that follow */
  read_ahead next_x, next_residual;
} block_products;

/*
 * Before each register tile: what the next block needs first, because behind the lines of this tile its residual came late and half
 * of the gain was lost. The lines of out are on their way while the product runs: 4 % of a 256 x 256 layer, 7 % of the stem. So are
 * those of the residual, whose rows lie too far apart for the processor to guess: 12 % of a 256 x 1024 layer of 50 x 67 pixels.
 */
V_INLINE void fetch_for_tile(block_products *s, const void *out, const float *residual, int64_t rows, int64_t columns) {
  const detr4j_conv2d *p = s->p;
  s->tiles_left--;
  ask_ahead(&s->next_x, s->tiles_left);
  ask_ahead(&s->next_residual, s->tiles_left);
  for (int64_t i = 0; i < rows; i++) prefetch_output(p, map_at(out, p->out_type, i * p->out_row_stride), columns);
  for (int64_t i = 0; residual != NULL && i < rows; i++) prefetch_input(residual + i * p->residual_row_stride, columns);
}

/* Where a whole tile goes, and what is added to it. */
V_INLINE tile_output whole_tile_output(const detr4j_conv2d *p, const float *bias, const float *residual, void *out) {
  return (tile_output){
      .bias = bias, .residual = residual, .out = out, .residual_pitch = p->residual_row_stride, .out_pitch = p->out_row_stride,
      .out_type = p->out_type, .relu = p->activation == DETR4J_ACTIVATION_RELU,
      .stream = p->stream_output && (uintptr_t)out % V_BYTES == 0 && p->out_row_stride * MAP_BYTES(p->out_type) % V_BYTES == 0};
}

/* Whether the mask has row r of the block, or there is none. */
V_INLINE int is_valid(const detr4j_conv2d *p, const panel_block *b, int64_t r) {
  return p->row_mask_mode == DETR4J_ROW_MASK_NONE || p->row_mask[b->item * b->pixels + b->first + r] != 0;
}

/* Whether a whole tile is finished in registers. */
V_INLINE int is_plain(const detr4j_conv2d *p) {
  return p->row_mask_mode == DETR4J_ROW_MASK_NONE && p->activation <= DETR4J_ACTIVATION_RELU;
}

/* Rows from r to end of the block times one panel, whose first column in the map is column. */
V_INLINE void multiply_panel(block_products *s, int64_t panel, int64_t column, int64_t columns, int64_t r, int64_t end) {
  const detr4j_conv2d *p = s->p;
  const panel_block *b = s->b;
  const float *weight = (const float *)p->weight + panel * s->product.panel_pitch;
  const float *bias = p->bias == NULL ? NULL : p->bias + panel * TILE_COLUMNS;
  for (; r < end; r += TILE_ROWS) {
    _Alignas(64) float sums[TILE_ROWS * TILE_COLUMNS];
    const int64_t rows = min_i64(TILE_ROWS, end - r);
    void *out = map_at_mutable(p->out, p->out_type, s->first_out + r * p->out_row_stride + column);
    const float *residual = s->residual_rows == NULL ? NULL : s->residual_rows + r * p->residual_row_stride + column;
    fetch_for_tile(s, out, residual, rows, columns);
    if (rows == TILE_ROWS && columns == TILE_COLUMNS && is_plain(p)) {
      const tile_output to = whole_tile_output(p, bias, residual, out);
      multiply_whole_tile(&s->product, r, weight, &to);
      continue;
    }
    gemm_tile_multiply(&s->product, r, rows, weight, sums, TILE_COLUMNS);
    for (int64_t i = 0; i < rows; i++) {
      finish_row(
          p, sums + i * TILE_COLUMNS, is_valid(p, b, r + i), bias, residual == NULL ? NULL : residual + i * p->residual_row_stride,
          map_at_mutable(out, p->out_type, i * p->out_row_stride), columns);
    }
  }
}

/* Rows of the block times this panel and the next, as far as wide tiles are whole; returns the first row that is left. */
V_INLINE int64_t multiply_two_panels(block_products *s, int64_t panel, int64_t column) {
#if defined(WIDE_ROWS)
  const detr4j_conv2d *p = s->p;
  const float *weight = (const float *)p->weight + panel * s->product.panel_pitch;
  const float *bias = p->bias == NULL ? NULL : p->bias + panel * TILE_COLUMNS;
  int64_t r = 0;
  for (; r + WIDE_ROWS <= s->b->count; r += WIDE_ROWS) {
    void *out = map_at_mutable(p->out, p->out_type, s->first_out + r * p->out_row_stride + column);
    const float *residual = s->residual_rows == NULL ? NULL : s->residual_rows + r * p->residual_row_stride + column;
    fetch_for_tile(s, out, residual, WIDE_ROWS, 2 * TILE_COLUMNS);
    if (is_plain(p)) {
      const tile_output to = whole_tile_output(p, bias, residual, out);
      multiply_wide_tile(&s->product, r, weight, &to);
      continue;
    }
    _Alignas(64) float sums[2 * WIDE_ROWS * TILE_COLUMNS];
    gemm_tile_multiply_wide(&s->product, r, weight, sums, TILE_COLUMNS, WIDE_ROWS * TILE_COLUMNS);
    for (int64_t i = 0; i < 2 * WIDE_ROWS; i++) {
      const int64_t row = i % WIDE_ROWS, at = i / WIDE_ROWS * TILE_COLUMNS;
      finish_row(
          p, sums + i * TILE_COLUMNS, is_valid(p, s->b, r + row), bias == NULL ? NULL : bias + at,
          residual == NULL ? NULL : residual + row * p->residual_row_stride + at,
          map_at_mutable(out, p->out_type, row * p->out_row_stride + at), TILE_COLUMNS);
    }
  }
  return r;
#else
  (void)s, (void)panel, (void)column;
  return 0;
#endif
}

/* product has the block's rows; where a group's channels begin in them, and where its panels lie, is set here. */
V_INLINE void multiply_panels(const detr4j_conv2d *p, const panel_block *b, gemm_tile product) {
  block_products s = {
      .p = p, .b = b, .product = product, .first_out = b->item * p->out_batch_stride + b->first * p->out_row_stride,
      .residual_rows =
          p->residual == NULL ? NULL : p->residual + b->item * p->residual_batch_stride + b->first * p->residual_row_stride,
      .tiles_left = (b->end_panel - b->first_panel) * ceil_div(b->count, TILE_ROWS), .next_x = b->next_x,
      .next_residual = b->next_residual};
  s.product.panel_pitch = product.taps * product.depth * TILE_COLUMNS;
  for (int64_t panel = b->first_panel; panel < b->end_panel;) {
    const int64_t group = panel / b->group_panels, column_in_group = panel % b->group_panels * TILE_COLUMNS;
    const int64_t column = group * b->group_out + column_in_group, left = b->group_out - column_in_group;
    s.product.offset = group * b->group_words;
    const int two = MAX_PANELS > 1 && panel + 1 < b->end_panel && left >= 2 * TILE_COLUMNS;
    const int64_t first_row = two ? multiply_two_panels(&s, panel, column) : 0;
    for (int i = 0; i < 1 + two; i++, panel++) {
      multiply_panel(&s, panel, column + i * TILE_COLUMNS, min_i64(TILE_COLUMNS, left - i * TILE_COLUMNS), first_row, b->count);
    }
  }
}

#endif /* DETR4J_PANELS_H */
