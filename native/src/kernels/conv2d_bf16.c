// Convolution and linear layers with bf16 products and fp32 sums, on channels-last maps of fp32 or bf16.
//
// fp32 inputs have to be rounded before they are multiplied, so the windows of a block of output pixels are copied to scratch
// as bf16 (windows.h), and the convolution is a plain matrix product of those rows with the panels. A window is copied
// once for all panels of the block: beside a product with 64 output channels that is one instruction in 20. Where a window
// is one pixel of a bf16 map, it is taken from there.
//
//   scratch:  [pointers][pixels of the block][a row of words]

#include "kernel.h"
#include "panels.h"
#include "products.h"
#include "windows.h"

enum { ALIGNMENT = 64 };

typedef struct bf16_plan {
  block_cut cut;
  windows windows;
  int64_t pointers_bytes, rows_bytes;
} bf16_plan;

static int plan_bf16(const detr4j_conv2d *p, bf16_plan *plan) {
  if (!convolution_fits(p)) return 0;

  plan->cut = cut_into_blocks(p);
  plan->windows = windows_of(p);
  plan->pointers_bytes = round_up(plan->cut.block_pixels * (int64_t)sizeof(float *), ALIGNMENT);
  plan->rows_bytes = plan->cut.block_pixels * plan->windows.row_words * (int64_t)sizeof(float);
  return 1;
}

int64_t KERNEL(detr4j_conv2d_bf16_tiles)(const detr4j_conv2d *p) {
  bf16_plan plan;
  if (!plan_bf16(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return count_blocks(p, &plan.cut);
}

int64_t KERNEL(detr4j_conv2d_bf16_scratch)(const detr4j_conv2d *p) {
  bf16_plan plan;
  if (!plan_bf16(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return plan.pointers_bytes + plan.rows_bytes;
}

// Whether windows are taken from x: they are pixels, lie on whole words, and those of a register tile do not fight for one set of
// the L1 cache.
static int in_place(const detr4j_conv2d *p, const bf16_plan *plan) {
  return p->x_type == DETR4J_TYPE_BF16 && p->groups == 1 && p->kernel_h == 1 && p->kernel_w == 1 && p->padding == 0 &&
         plan->windows.depth % 2 == 0 && (uintptr_t)p->x % 4 == 0 && p->x_row_stride % 2 == 0 && p->x_batch_stride % 2 == 0 &&
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
  panel_block block;
  if (!plan_bf16(p, &plan) || !block_of_tile(p, &plan.cut, plan.windows.group_words, tile, scratch, &block)) {
    return DETR4J_ERROR_ARGUMENT;
  }

  const float **pointers = scratch;
  float *rows = (float *)((char *)scratch + plan.pointers_bytes);
  const void *x = map_at(p->x, p->x_type, block.item * p->x_batch_stride);
  if (in_place(p, &plan)) {
    point_at_pixels(p, x, block.first, block.count, pointers);
  } else {
    for (int64_t r = 0; r < block.count; r++) pointers[r] = rows + r * plan.windows.row_words;
    copy_windows(p, &plan.windows, x, block.first, block.count, rows);
  }
  look_ahead(p, &plan.cut, tile, &block);
  const gemm_tile product = {.rows = pointers, .pitch = plan.cut.block_pixels, .taps = 1, .depth = plan.windows.group_words};
  multiply_panels(p, &block, product);
  v_stream_end();
  return DETR4J_OK;
}
