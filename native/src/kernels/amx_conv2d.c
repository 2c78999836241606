// Convolution and linear layers with bf16 products in AMX tiles (tile_product.h) and fp32 sums, on channels-last maps of fp32 or
// bf16. A tile of the ABI is a block of output pixels by some panels. Where the rows of its product lie:
//
//   in place   1x1, stride 1, a bf16 map: the pixels themselves
//   lines      stride 1, larger kernels, channels in whole steps: the input lines under the block go to scratch once, as bf16 and
//              with their zero padding. Under each tap, 16 output pixels that follow each other in these lines are then rows with one
//              pitch, and no window is copied. The kernel_w - 1 pixels at the end of a line are computed and dropped.
//
//                 scratch    . 0 0 0 0 0 0 0 .       tap (0, 0) of the outputs |a b c d e x x|: rows from the first 0 on;
//                            . 0 a b c d e 0 .       tap (0, 1): rows from the second one on; tap (1, 0): one line on.
//                            . 0 f g h i j 0 .
//
//   windows    everything else: windows.h copies each output pixel's window
//
// Sums leave the tiles through a block of 32 x 32 floats in L1, from which bias, residual and activation go on to the output.

#define WINDOW_STEP 16

#include "panels.h"
#include "tile_product.h"
#include "windows.h"

enum { MOST_TAPS = 49 }; // of lines

typedef enum row_source { IN_PLACE, LINES, WINDOWS } row_source;

typedef struct amx_plan {
  block_cut cut;
  windows windows;
  row_source source;
  int64_t panel_words;      // of the depth of a panel
  int64_t line_pixels;      // LINES: of one padded line
  int64_t scratch_words;
} amx_plan;

static int has_lines(const detr4j_conv2d *p) {
  const int64_t taps = (int64_t)p->kernel_h * p->kernel_w;
  return p->groups == 1 && p->stride == 1 && p->in_c % (WORD_VALUES * STEP_WORDS) == 0 && taps > 1 && taps <= MOST_TAPS;
}

static int is_in_place(const detr4j_conv2d *p) {
  return p->x_type == DETR4J_TYPE_BF16 && p->groups == 1 && p->kernel_h == 1 && p->kernel_w == 1 && p->padding == 0 &&
         p->stride == 1 && p->in_c % (WORD_VALUES * STEP_WORDS) == 0 && p->in_w == p->out_w;
}

static int plan_amx(const detr4j_conv2d *p, amx_plan *plan) {
  if (!convolution_fits(p)) return 0;
  plan->cut = cut_into_blocks(p);
  plan->windows = windows_of(p);
  plan->source = is_in_place(p) ? IN_PLACE : has_lines(p) ? LINES : WINDOWS;
  plan->panel_words = words_of(plan->windows.depth);
  plan->line_pixels = p->in_w + 2 * (int64_t)p->padding;
  const int64_t block_pixels = plan->cut.block_pixels;
  switch (plan->source) {
  case IN_PLACE: plan->scratch_words = 0; break;
  case LINES: {
    const int64_t output_lines = p->out_w == 0 ? 0 : min_i64(p->out_h, (block_pixels + p->out_w - 2) / p->out_w + 1);
    const int64_t lines = output_lines + (int64_t)(p->kernel_h - 1) * p->dilation;
    plan->scratch_words = lines * plan->line_pixels * words_of(p->in_c);
    break;
  }
  case WINDOWS: plan->scratch_words = block_pixels * plan->windows.row_words; break;
  }
  return 1;
}

int64_t KERNEL(detr4j_conv2d_bf16_tiles)(const detr4j_conv2d *p) {
  amx_plan plan;
  if (!plan_amx(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return count_blocks(p, &plan.cut);
}

int64_t KERNEL(detr4j_conv2d_bf16_scratch)(const detr4j_conv2d *p) {
  amx_plan plan;
  if (!plan_amx(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return plan.scratch_words * (int64_t)sizeof(float);
}

// Input lines first to first + count of the padded map, as words.
static void copy_lines(const detr4j_conv2d *p, const amx_plan *plan, const void *x, int64_t first, int64_t count, void *lines) {
  uint16_t *to = lines;
  for (int64_t line = first; line < first + count; line++) {
    const int64_t y = line - p->padding;
    if (y < 0 || y >= p->in_h) {
      to = put_zeros(to, plan->line_pixels * p->in_c);
      continue;
    }
    to = put_zeros(to, (int64_t)p->padding * p->in_c);
    const void *row = map_at(x, p->x_type, y * p->in_w * p->x_row_stride);
    if (p->x_row_stride == p->in_c) {
      to = put_values(to, row, p->x_type, (int64_t)p->in_w * p->in_c);
    } else {
      for (int64_t i = 0; i < p->in_w; i++) to = put_values(to, map_at(row, p->x_type, i * p->x_row_stride), p->x_type, p->in_c);
    }
    to = put_zeros(to, (int64_t)p->padding * p->in_c);
  }
}

// The rows of a block's product and the output pixels behind them: of each row_width rows in a row, the first `width` are pixels
// that follow each other; `skipped` rows of the first line come before the block.
typedef struct block_rows {
  int64_t rows, row_width, width, skipped;
} block_rows;

// Sums of 32 rows to their pixels. Masks and other activations are rare; the rest is one pass over registers for whole panels.
static void finish_rows(
    const detr4j_conv2d *p, const panel_block *b, const block_rows *rows, int64_t from, int64_t count, const float *sums,
    int64_t column, int64_t columns, const float *bias) {
  const int masked = p->row_mask_mode != DETR4J_ROW_MASK_NONE;
  const int plain = columns == TILE_COLUMNS && !masked && p->activation <= DETR4J_ACTIVATION_RELU;
  int64_t line = (from + rows->skipped) / rows->row_width, x = (from + rows->skipped) % rows->row_width;
  const v_f32 bias_left = bias == NULL ? v_zero() : v_load(bias), bias_right = bias == NULL ? v_zero() : v_load(bias + V_LANES);
  tile_output to = {.out_type = p->out_type};
  for (int64_t r = 0; r < count; r++, sums += TILE_COLUMNS, x++) {
    if (x == rows->row_width) {
      x = 0;
      line++;
    }
    if (x >= rows->width) continue;
    const int64_t pixel = b->first + line * rows->width + x - rows->skipped;
    void *out = map_at_mutable(p->out, p->out_type, b->item * p->out_batch_stride + pixel * p->out_row_stride + column);
    const float *residual =
        p->residual == NULL ? NULL : p->residual + b->item * p->residual_batch_stride + pixel * p->residual_row_stride + column;
    if (!plain) {
      const int valid = !masked || p->row_mask[b->item * b->pixels + pixel] != 0;
      finish_row(p, sums, valid, bias, residual, out, columns);
      continue;
    }
    v_f32 left = v_add(v_load(sums), bias_left), right = v_add(v_load(sums + V_LANES), bias_right);
    if (residual != NULL) {
      left = v_add(left, v_load(residual));
      right = v_add(right, v_load(residual + V_LANES));
    }
    if (p->activation == DETR4J_ACTIVATION_RELU) {
      left = v_max(v_zero(), left);
      right = v_max(v_zero(), right);
    }
    to.stream = p->stream_output && (uintptr_t)out % V_BYTES == 0;
    store_tile_row(&to, out, left, right);
  }
}

// The lines that the next 32 rows will read as residual and write are on their way while their products run.
static void prefetch_rows(
    const detr4j_conv2d *p, const panel_block *b, const block_rows *rows, int64_t from, int64_t count, int64_t column, int64_t columns) {
  if (rows->row_width != rows->width) return; // 3x3: the products take longer than the memory
  for (int64_t r = from; r < from + count; r++) {
    const int64_t pixel = b->first + r;
    prefetch_output(p, map_at(p->out, p->out_type, b->item * p->out_batch_stride + pixel * p->out_row_stride + column), columns);
    if (p->residual != NULL) {
      prefetch_input(p->residual + b->item * p->residual_batch_stride + pixel * p->residual_row_stride + column, columns);
    }
  }
}

static void multiply_block(const detr4j_conv2d *p, const amx_plan *plan, panel_block *b, const block_rows *rows, tile_product *t) {
  const char *group_rows = t->a;
  int64_t tiles_left = (b->end_panel - b->first_panel) * ceil_div(rows->rows, PRODUCT_ROWS);
  for (int64_t panel = b->first_panel; panel < b->end_panel; panel++) {
    const int64_t group = panel / b->group_panels, column_in_group = panel % b->group_panels * TILE_COLUMNS;
    const int64_t column = group * b->group_out + column_in_group;
    const int64_t columns = min_i64(TILE_COLUMNS, b->group_out - column_in_group);
    const uint32_t *weight = (const uint32_t *)p->weight + panel * plan->panel_words * TILE_COLUMNS;
    const float *bias = p->bias == NULL ? NULL : p->bias + panel * TILE_COLUMNS;
    t->a = group_rows + group * b->group_words * (int64_t)sizeof(float);
    set_panel_tail(t, weight);
    for (int64_t r = 0; r < rows->rows; r += PRODUCT_ROWS) {
      _Alignas(64) float sums[PRODUCT_ROWS * TILE_COLUMNS];
      const int64_t count = min_i64(PRODUCT_ROWS, rows->rows - r);
      tiles_left--;
      ask_ahead(&b->next_x, tiles_left);
      ask_ahead(&b->next_residual, tiles_left);
      prefetch_rows(p, b, rows, r, count, column, columns);
      tile_sums(t, r, count, weight, sums, TILE_COLUMNS);
      finish_rows(p, b, rows, r, count, sums, column, columns, bias);
    }
  }
  t->a = group_rows;
}

int32_t KERNEL(detr4j_conv2d_bf16)(const detr4j_conv2d *p, int64_t tile, void *scratch) {
  amx_plan plan;
  panel_block block;
  if (!plan_amx(p, &plan) || !block_of_tile(p, &plan.cut, plan.windows.group_words, tile, scratch, &block)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t first = block.first;
  block_rows rows = {.rows = block.count, .row_width = block.count, .width = block.count};
  tile_product product = {.a = scratch, .taps = 1};
  const void *x = map_at(p->x, p->x_type, block.item * p->x_batch_stride);
  int64_t offsets[MOST_TAPS];
  set_depth(&product, plan.panel_words);

  switch (plan.source) {
  case IN_PLACE:
    product.a = map_at(x, p->x_type, first * p->x_row_stride);
    product.pitch = p->x_row_stride * MAP_BYTES(DETR4J_TYPE_BF16);
    break;
  case LINES: {
    const int64_t first_line = first / p->out_w, last_line = (first + block.count - 1) / p->out_w;
    product.pitch = p->in_c * MAP_BYTES(DETR4J_TYPE_BF16);
    copy_lines(p, &plan, x, first_line, last_line - first_line + 1 + (int64_t)(p->kernel_h - 1) * p->dilation, scratch);
    rows.skipped = first % p->out_w;
    rows.width = p->out_w;
    rows.row_width = plan.line_pixels;
    rows.rows = (last_line - first_line) * plan.line_pixels + (first + block.count - 1) % p->out_w + 1 - rows.skipped;
    product.a = (const char *)scratch + rows.skipped * product.pitch;
    for (int64_t i = 0; i < (int64_t)p->kernel_h * p->kernel_w; i++) {
      offsets[i] = (i / p->kernel_w * plan.line_pixels + i % p->kernel_w) * p->dilation * product.pitch;
    }
    product.taps = (int64_t)p->kernel_h * p->kernel_w;
    product.tap_offsets = offsets;
    set_depth(&product, words_of(p->in_c));
    break;
  }
  case WINDOWS:
    product.pitch = plan.windows.row_words * (int64_t)sizeof(float);
    copy_windows(p, &plan.windows, x, first, block.count, scratch);
    break;
  }
  look_ahead(p, &plan.cut, tile, &block);
  multiply_block(p, &plan, &block, &rows, &product);
  release_tiles(&product);
  v_stream_end();
  return DETR4J_OK;
}
