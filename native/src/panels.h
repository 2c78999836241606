/* The loops that a convolution ends in: a block of output pixels times some panels of output channels. */
#ifndef DETR4J_PANELS_H
#define DETR4J_PANELS_H

#include "finish.h"
#include "gemm_tile.h"
#include "kernel.h"

typedef struct panel_block {
  int64_t item, first, count;     /* output pixels first to first + count of one batch item */
  int64_t pixels;                 /* of one output map */
  int64_t first_panel, end_panel; /* of all groups, one after the other */
  int64_t group_panels, group_out;
  int64_t group_words; /* from one group's channels to the next in a row of the product */
} panel_block;

/* One output pixel's columns of one panel. valid is its byte of the row mask, 1 where there is no mask. */
V_INLINE void finish_row(
    const detr4j_conv2d *p, const float *sums, int valid, const float *bias, const float *residual, float *out,
    int64_t columns) {
  v_f32 left = v_load(sums), right = v_load(sums + V_LANES);
  if (!valid) { /* by selection, not by multiplying with 0: the masked input may be NaN */
    if (p->row_mask_mode == DETR4J_ROW_MASK_ZERO_OUTPUT) {
      memset(out, 0, (size_t)columns * sizeof(float));
      return;
    }
    left = right = v_zero();
  }
  finish_vector(p, left, bias, residual, out, columns);
  if (columns > V_LANES) {
    finish_vector(
        p, right, bias == NULL ? NULL : bias + V_LANES, residual == NULL ? NULL : residual + V_LANES, out + V_LANES,
        columns - V_LANES);
  }
}

/* product has the block's rows; where a group's channels begin in them is set here. */
V_INLINE void multiply_panels(const detr4j_conv2d *p, const panel_block *b, gemm_tile product) {
  const int masked = p->row_mask_mode != DETR4J_ROW_MASK_NONE;
  float *out = p->out + b->item * p->out_batch_stride + b->first * p->out_row_stride;
  const float *residual_rows =
      p->residual == NULL
          ? NULL
          : p->residual + b->item * p->residual_batch_stride + b->first * p->residual_row_stride;
  for (int64_t panel = b->first_panel; panel < b->end_panel; panel++) {
    const int64_t group = panel / b->group_panels;
    const int64_t column_in_group = panel % b->group_panels * TILE_COLUMNS;
    const int64_t column = group * b->group_out + column_in_group;
    const int64_t columns = min_i64(TILE_COLUMNS, b->group_out - column_in_group);
    const float *weight = p->weight + panel * product.taps * product.depth * TILE_COLUMNS;
    const float *bias = p->bias == NULL ? NULL : p->bias + panel * TILE_COLUMNS;
    product.offset = group * b->group_words;
    for (int64_t r = 0; r < b->count; r += TILE_ROWS) {
      _Alignas(64) float sums[TILE_ROWS * TILE_COLUMNS];
      const int64_t rows = min_i64(TILE_ROWS, b->count - r);
      // The lines of out are on their way while the product runs: 4 % of a 256 x 256 layer, 7 % of the stem. So are those of
      // the residual, whose rows lie too far apart for the processor to guess: 12 % of a 256 x 1024 layer of 50 x 67 pixels.
      for (int64_t i = 0; i < rows; i++) prefetch_output(p, out + (r + i) * p->out_row_stride + column, columns);
      for (int64_t i = 0; residual_rows != NULL && i < rows; i++) {
        prefetch_input(residual_rows + (r + i) * p->residual_row_stride + column, columns);
      }
      gemm_tile_multiply(&product, r, rows, weight, sums, TILE_COLUMNS);
      for (int64_t i = 0; i < rows; i++) {
        const int64_t pixel = b->first + r + i;
        const float *residual =
            residual_rows == NULL ? NULL : residual_rows + (r + i) * p->residual_row_stride + column;
        const int valid = !masked || p->row_mask[b->item * b->pixels + pixel] != 0;
        finish_row(
            p, sums + i * TILE_COLUMNS, valid, bias, residual, out + (r + i) * p->out_row_stride + column, columns);
      }
    }
  }
}

#endif /* DETR4J_PANELS_H */
