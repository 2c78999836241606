// Convolution and linear layers with bf16 products and fp32 sums, on channels-last maps of fp32 or bf16.
//
// fp32 inputs have to be rounded before they are multiplied, so the windows of a block of output pixels are copied to scratch
// as bf16, one row of words (products.h) a pixel, and the convolution is a plain matrix product of those rows with the panels.
// A window is copied once for all panels of the block: beside a product with 64 output channels that is one instruction in 20.
// Where a window is one pixel of a bf16 map, it is taken from there.
//
//   scratch:  [pointers][pixels of the block][groups][words of kernel_h x kernel_w x channels of a group][padding]
//
// The padding keeps the rows of one register tile out of one set of the L1 cache.

#include "kernel.h"
#include "panels.h"
#include "products.h"

enum {
  PADDING_WORDS = 16,
  ALIGNMENT = 64
};

typedef struct bf16_plan {
  int64_t pixels;       // of one output map
  int64_t block_pixels; // of a tile; the last one of a map may have fewer
  int64_t row_blocks, panel_blocks;
  int64_t group_in, group_out, group_panels;
  int64_t depth;       // values of a window in one group
  int64_t group_words; // the same in words
  int64_t row_words;   // from one pixel's row to the next
  int contiguous;      // a kernel row lies in one piece
  int64_t pointers_bytes, rows_bytes;
} bf16_plan;

static int plan_bf16(const detr4j_conv2d *p, bf16_plan *plan) {
  if (!convolution_fits(p)) return 0;

  plan->pixels = (int64_t)p->out_h * p->out_w;
  plan->block_pixels = min_i64(p->rows_per_tile, plan->pixels);
  plan->row_blocks = ceil_div(plan->pixels, p->rows_per_tile);
  plan->group_in = p->in_c / p->groups;
  plan->group_out = p->out_c / p->groups;
  plan->group_panels = ceil_div(plan->group_out, TILE_COLUMNS);
  plan->panel_blocks = ceil_div(plan->group_panels * p->groups, p->panels_per_tile);
  plan->depth = (int64_t)p->kernel_h * p->kernel_w * plan->group_in;
  plan->group_words = words_of(plan->depth);
  plan->row_words = round_up(p->groups * plan->group_words, PADDING_WORDS) + PADDING_WORDS;
  plan->contiguous = p->groups == 1 && p->dilation == 1 && p->x_row_stride == p->in_c;
  plan->pointers_bytes = round_up(plan->block_pixels * (int64_t)sizeof(float *), ALIGNMENT);
  plan->rows_bytes = plan->block_pixels * plan->row_words * (int64_t)sizeof(float);
  return 1;
}

int64_t KERNEL(detr4j_conv2d_bf16_tiles)(const detr4j_conv2d *p) {
  bf16_plan plan;
  if (!plan_bf16(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return p->batch * plan.row_blocks * plan.panel_blocks;
}

int64_t KERNEL(detr4j_conv2d_bf16_scratch)(const detr4j_conv2d *p) {
  bf16_plan plan;
  if (!plan_bf16(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return plan.pointers_bytes + plan.rows_bytes;
}

V_INLINE uint16_t *put_values(uint16_t *to, const void *map, int32_t type, int64_t n) {
  if (type == DETR4J_TYPE_BF16) {
    memcpy(to, map, (size_t)n * sizeof(uint16_t));
    return to + n;
  }
  const float *from = map;
  int64_t i = 0;
  for (; i + 2 * V_LANES <= n; i += 2 * V_LANES) v_store_bf16_pair(to + i, v_load(from + i), v_load(from + i + V_LANES));
  for (; i + V_LANES <= n; i += V_LANES) v_store_bf16(to + i, v_load(from + i), V_LANES);
  if (i < n) v_store_bf16(to + i, v_load_partial(from + i, n - i), n - i);
  return to + n;
}

V_INLINE uint16_t *put_zeros(uint16_t *to, int64_t n) {
  memset(to, 0, (size_t)n * sizeof(uint16_t));
  return to + n;
}

// One row of the kernel over one row of the map, or over none where that is outside.
V_INLINE uint16_t *put_kernel_row(
    const detr4j_conv2d *p, const bf16_plan *plan, const void *map_row, int64_t column, uint16_t *to) {
  if (map_row == NULL) return put_zeros(to, p->kernel_w * plan->group_in);
  if (plan->contiguous && column >= 0 && column + p->kernel_w <= p->in_w) {
    return put_values(to, map_at(map_row, p->x_type, column * p->x_row_stride), p->x_type, p->kernel_w * plan->group_in);
  }
  for (int64_t kx = 0; kx < p->kernel_w; kx++) {
    const int64_t from = column + kx * p->dilation;
    to = from >= 0 && from < p->in_w
             ? put_values(to, map_at(map_row, p->x_type, from * p->x_row_stride), p->x_type, plan->group_in)
             : put_zeros(to, plan->group_in);
  }
  return to;
}

// The windows of output pixels first to first + count.
static void copy_windows(
    const detr4j_conv2d *p, const bf16_plan *plan, const void *x, int64_t first, int64_t count, float *rows) {
  int64_t oy = first / p->out_w, ox = first % p->out_w;
  for (int64_t r = 0; r < count; r++, rows += plan->row_words) {
    const int64_t column = ox * p->stride - p->padding;
    for (int64_t group = 0; group < p->groups; group++) {
      uint16_t *to = (uint16_t *)(rows + group * plan->group_words);
      for (int64_t ky = 0; ky < p->kernel_h; ky++) {
        const int64_t y = oy * p->stride - p->padding + ky * p->dilation;
        const void *map_row =
            y < 0 || y >= p->in_h ? NULL : map_at(x, p->x_type, y * p->in_w * p->x_row_stride + group * plan->group_in);
        to = put_kernel_row(p, plan, map_row, column, to);
      }
      if (plan->depth % 2 != 0) put_zeros(to, 1);
    }
    if (++ox == p->out_w) {
      ox = 0;
      oy++;
    }
  }
}

// Whether windows are taken from x: they are pixels, lie on whole words, and those of a register tile do not fight for one set of
// the L1 cache.
static int in_place(const detr4j_conv2d *p, const bf16_plan *plan) {
  return p->x_type == DETR4J_TYPE_BF16 && p->groups == 1 && p->kernel_h == 1 && p->kernel_w == 1 && p->padding == 0 && plan->depth % 2 == 0 &&
         (uintptr_t)p->x % 4 == 0 && p->x_row_stride % 2 == 0 && p->x_batch_stride % 2 == 0 &&
         p->stride * p->x_row_stride * 2 % 2048 != 0;
}

static void point_at_pixels(const detr4j_conv2d *p, const void *x, int64_t first, int64_t count, const float **pointers) {
  int64_t oy = first / p->out_w, ox = first % p->out_w;
  for (int64_t r = 0; r < count; r++) {
    pointers[r] = map_at(x, DETR4J_TYPE_BF16, (oy * p->in_w + ox) * p->stride * p->x_row_stride);
    if (++ox == p->out_w) {
      ox = 0;
      oy++;
    }
  }
}

int32_t KERNEL(detr4j_conv2d_bf16)(const detr4j_conv2d *p, int64_t tile, void *scratch) {
  bf16_plan plan;
  if (!plan_bf16(p, &plan) || tile < 0 || tile >= p->batch * plan.row_blocks * plan.panel_blocks) {
    return DETR4J_ERROR_ARGUMENT;
  }
  if (p->x == NULL || p->weight == NULL || p->out == NULL || scratch == NULL) return DETR4J_ERROR_ARGUMENT;
  if (p->row_mask_mode != DETR4J_ROW_MASK_NONE && p->row_mask == NULL) return DETR4J_ERROR_ARGUMENT;

  const int64_t item = tile / (plan.row_blocks * plan.panel_blocks);
  const int64_t first = tile / plan.panel_blocks % plan.row_blocks * p->rows_per_tile;
  const int64_t first_panel = tile % plan.panel_blocks * p->panels_per_tile;
  panel_block block = {
      .item = item, .first = first, .count = min_i64(p->rows_per_tile, plan.pixels - first), .pixels = plan.pixels,
      .first_panel = first_panel, .end_panel = min_i64(first_panel + p->panels_per_tile, plan.group_panels * p->groups),
      .group_panels = plan.group_panels, .group_out = plan.group_out, .group_words = plan.group_words};

  const float **pointers = scratch;
  float *rows = (float *)((char *)scratch + plan.pointers_bytes);
  const void *x = map_at(p->x, p->x_type, item * p->x_batch_stride);
  if (in_place(p, &plan)) {
    point_at_pixels(p, x, first, block.count, pointers);
  } else {
    for (int64_t r = 0; r < block.count; r++) pointers[r] = rows + r * plan.row_words;
    copy_windows(p, &plan, x, first, block.count, rows);
  }
  look_ahead(p, tile, plan.row_blocks, plan.panel_blocks, &block);
  const gemm_tile product = {.rows = pointers, .pitch = plan.block_pixels, .taps = 1, .depth = plan.group_words};
  multiply_panels(p, &block, product);
  v_stream_end();
  return DETR4J_OK;
}
