// Convolution and linear layers as an implicit matrix product on channels-last maps: no im2col matrix is ever built.
//
//   out[pixel][channel] = sum over taps: x[pixel under tap][:] . weight[tap][:][channel]
//
// A tile is a block of output pixels by some panels of output channels. First a table of pointers is made, [taps][pixels of
// the block], that says where each pixel's input begins under each tap (padding: a row of zeros). Then for each panel, for each
// TILE_ROWS pixels, gemm_tile.h runs over all taps with its sums in registers, and finish() adds what is fused. The panel is
// the inner operand that stays in L1 or L2 between register tiles; the caller sizes the block so that its input does too.
//
// What a tap is depends on the channels of a group:
//   many   one kernel position; depth = channels of the group. A 1x1 kernel has one tap: then this is a plain GEMM.
//   few    one kernel row; depth = kernel_w * channels, because a loop over 3 channels is all overhead. The pixels of a kernel row
//          lie side by side in memory, so inside the map the pointer leads to x itself; at the left and right border, with
//          dilation, with groups or with gaps between pixels, the row is copied into scratch first.
//
// Scratch: [zeros][pointers][copied kernel rows], each part on a 64-byte boundary.

#include "kernel.h"
#include "panels.h"

enum {
  FEW_CHANNELS = 16, // below it, a tap is a kernel row
  ALIGNMENT = 64
};

typedef struct conv_plan {
  block_cut cut;
  int64_t group_in;
  int64_t taps, depth;
  int few;              // a tap is a kernel row
  int spread;           // the block's pixels are copied to scratch, at a distance that suits the L1 cache
  int64_t copy_floats;  // from one copied row to the next
  int64_t zeros_bytes, pointers_bytes, copies_bytes;
} conv_plan;

static int plan_conv(const detr4j_conv2d *p, conv_plan *plan) {
  if (!convolution_fits(p)) return 0;

  plan->cut = cut_into_blocks(p);
  plan->group_in = p->in_c / p->groups;
  plan->few = plan->group_in < FEW_CHANNELS && p->kernel_w > 1;
  plan->taps = plan->few ? p->kernel_h : (int64_t)p->kernel_h * p->kernel_w;
  plan->depth = plan->few ? plan->group_in * p->kernel_w : plan->group_in;
  const int64_t row_bytes = plan->depth * p->groups * (int64_t)sizeof(float);
  plan->zeros_bytes = round_up(row_bytes, ALIGNMENT);
  plan->pointers_bytes = round_up(plan->taps * plan->cut.block_pixels * (int64_t)sizeof(float *), ALIGNMENT);
  // More pixels at this distance than an 8-way L1 cache has ways: 1024 -> 256 channels went from 103 to 107 GFLOP/s with a copy.
  plan->spread = TILE_ROWS > 8 && plan->taps == 1 && p->padding == 0 && !plan->few &&
                 p->stride * p->x_row_stride * (int64_t)sizeof(float) % 4096 == 0;
  plan->copy_floats = plan->few ? plan->depth * p->groups : p->in_c + 16;
  plan->copies_bytes =
      plan->few || plan->spread ? plan->taps * plan->cut.block_pixels * plan->copy_floats * (int64_t)sizeof(float) : 0;
  return 1;
}

int64_t KERNEL(detr4j_conv2d_f32_tiles)(const detr4j_conv2d *p) {
  conv_plan plan;
  if (!plan_conv(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return count_blocks(p, &plan.cut);
}

int64_t KERNEL(detr4j_conv2d_f32_scratch)(const detr4j_conv2d *p) {
  conv_plan plan;
  if (!plan_conv(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return plan.zeros_bytes + plan.pointers_bytes + plan.copies_bytes;
}

// Many channels: a pointer for each kernel position.
static void point_at_pixels(
    const detr4j_conv2d *p, const conv_plan *plan, const float *x, int64_t first, int64_t count, const float *zeros,
    const float **pointers) {
  int64_t oy = first / p->out_w, ox = first % p->out_w;
  for (int64_t r = 0; r < count; r++) {
    const float **pointer = pointers + r;
    for (int64_t ky = 0; ky < p->kernel_h; ky++) {
      const int64_t y = oy * p->stride - p->padding + ky * p->dilation;
      for (int64_t kx = 0; kx < p->kernel_w; kx++, pointer += plan->cut.block_pixels) {
        const int64_t column = ox * p->stride - p->padding + kx * p->dilation;
        const int inside = y >= 0 && y < p->in_h && column >= 0 && column < p->in_w;
        *pointer = inside ? x + (y * p->in_w + column) * p->x_row_stride : zeros;
      }
    }
    if (++ox == p->out_w) {
      ox = 0;
      oy++;
    }
  }
}

// A 1x1 kernel whose pixels are 4096 bytes apart: TILE_ROWS of them would fight for one set of the L1 cache.
static void point_at_copies(
    const detr4j_conv2d *p, const conv_plan *plan, const float *x, int64_t first, int64_t count, const float **pointers,
    float *copies) {
  int64_t oy = first / p->out_w, ox = first % p->out_w;
  for (int64_t r = 0; r < count; r++) {
    float *copy = copies + r * plan->copy_floats;
    memcpy(copy, x + (oy * p->in_w + ox) * p->stride * p->x_row_stride, (size_t)p->in_c * sizeof(float));
    pointers[r] = copy;
    if (++ox == p->out_w) {
      ox = 0;
      oy++;
    }
  }
}

// One kernel row of one output pixel, group by group, zeros where it leaves the map.
static void copy_kernel_row(
    const detr4j_conv2d *p, const conv_plan *plan, const float *map_row, int64_t column, float *copy) {
  for (int64_t group = 0; group < p->groups; group++) {
    for (int64_t kx = 0; kx < p->kernel_w; kx++, copy += plan->group_in) {
      const int64_t from = column + kx * p->dilation;
      if (from >= 0 && from < p->in_w) {
        const float *pixel = map_row + from * p->x_row_stride + group * plan->group_in;
        memcpy(copy, pixel, (size_t)plan->group_in * sizeof(float));
      } else {
        memset(copy, 0, (size_t)plan->group_in * sizeof(float));
      }
    }
  }
}

// Few channels: a pointer for each kernel row.
static void point_at_kernel_rows(
    const detr4j_conv2d *p, const conv_plan *plan, const float *x, int64_t first, int64_t count, const float *zeros,
    const float **pointers, float *copies) {
  const int contiguous = p->groups == 1 && p->dilation == 1 && p->x_row_stride == p->in_c;
  int64_t oy = first / p->out_w, ox = first % p->out_w;
  for (int64_t r = 0; r < count; r++) {
    const int64_t column = ox * p->stride - p->padding;
    const int in_place = contiguous && column >= 0 && column + p->kernel_w <= p->in_w;
    for (int64_t ky = 0; ky < p->kernel_h; ky++) {
      const int64_t y = oy * p->stride - p->padding + ky * p->dilation;
      const float **pointer = pointers + ky * plan->cut.block_pixels + r;
      if (y < 0 || y >= p->in_h) {
        *pointer = zeros;
        continue;
      }
      const float *map_row = x + y * p->in_w * p->x_row_stride;
      if (in_place) {
        *pointer = map_row + column * p->x_row_stride;
      } else {
        float *copy = copies + (r * plan->taps + ky) * plan->copy_floats;
        copy_kernel_row(p, plan, map_row, column, copy);
        *pointer = copy;
      }
    }
    if (++ox == p->out_w) {
      ox = 0;
      oy++;
    }
  }
}

int32_t KERNEL(detr4j_conv2d_f32)(const detr4j_conv2d *p, int64_t tile, void *scratch) {
  conv_plan plan;
  panel_block block;
  if (!plan_conv(p, &plan) || !block_of_tile(p, &plan.cut, plan.depth, tile, scratch, &block)) return DETR4J_ERROR_ARGUMENT;

  float *zeros = scratch;
  const float **pointers = (const float **)((char *)scratch + plan.zeros_bytes);
  float *copies = (float *)((char *)pointers + plan.pointers_bytes);
  memset(zeros, 0, (size_t)plan.zeros_bytes);
  const float *x = (const float *)p->x + block.item * p->x_batch_stride;
  if (plan.few) {
    point_at_kernel_rows(p, &plan, x, block.first, block.count, zeros, pointers, copies);
  } else if (plan.spread) {
    point_at_copies(p, &plan, x, block.first, block.count, pointers, copies);
  } else {
    point_at_pixels(p, &plan, x, block.first, block.count, zeros, pointers);
  }

  look_ahead(p, &plan.cut, tile, &block);
  const gemm_tile product = {.rows = pointers, .pitch = plan.cut.block_pixels, .taps = plan.taps, .depth = plan.depth};
  multiply_panels(p, &block, product);
  v_stream_end();
  return DETR4J_OK;
}
