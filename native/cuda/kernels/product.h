// What convolutions and linear layers share, whatever they multiply in: the way through a window, activations, and the check of
// parameters.
#ifndef DETR4J_CUDA_PRODUCT_H
#define DETR4J_CUDA_PRODUCT_H

#include "../elementary.h"
#include "../queue.h"

constexpr int NOWHERE = -(1 << 30);  // a row of pixels that is outside every map

// Where a copy stands in the window: which channel of which tap.
struct Tap {
  int row, column, channel;
};

DETR4J_DEVICE Tap tap_at(int depth, int channels, int kernel_w) {
  const int tap = depth / channels;
  return Tap{tap / kernel_w, tap % kernel_w, depth % channels};
}

DETR4J_DEVICE void advance(Tap& tap, int by, int channels, int kernel_w) {
  tap.channel += by;
  while (tap.channel >= channels) {
    tap.channel -= channels;
    if (++tap.column == kernel_w) {
      tap.column = 0;
      tap.row++;
    }
  }
}

DETR4J_DEVICE float activated(int activation, float v) {
  if (activation == DETR4J_CUDA_ACTIVATION_RELU) return v < 0.0f ? 0.0f : v;  // NaN stays NaN
  if (activation == DETR4J_CUDA_ACTIVATION_SILU) return silu_f32(v);
  return activation == DETR4J_CUDA_ACTIVATION_GELU ? gelu_f32(v) : v;
}

inline int32_t refuse_product(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d& p) {
  DETR4J_REQUIRE(queue, p.batch >= 1 && p.out_h >= 1 && p.out_w >= 1 && p.in_h >= 1 && p.in_w >= 1, "%s: output [%d, %d, %d] of a map %d x %d", kernel,
                 p.batch, p.out_h, p.out_w, p.in_h, p.in_w);
  DETR4J_REQUIRE(queue, p.groups >= 1 && p.in_c >= 1 && p.out_c >= 1 && p.in_c % p.groups == 0 && p.out_c % p.groups == 0,
                 "%s: %d groups of %d and %d channels", kernel, p.groups, p.in_c, p.out_c);
  DETR4J_REQUIRE(queue, p.kernel_h >= 1 && p.kernel_w >= 1 && p.stride >= 1 && p.padding >= 0 && p.dilation >= 1,
                 "%s: kernel %d x %d, stride %d, padding %d, dilation %d", kernel, p.kernel_h, p.kernel_w, p.stride, p.padding, p.dilation);
  DETR4J_REQUIRE(queue, p.activation >= DETR4J_CUDA_ACTIVATION_NONE && p.activation <= DETR4J_CUDA_ACTIVATION_SILU, "%s: activation %d", kernel, p.activation);
  DETR4J_REQUIRE(queue, p.row_mask_mode >= DETR4J_CUDA_ROW_MASK_NONE && p.row_mask_mode <= DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT &&
                            (p.row_mask_mode == DETR4J_CUDA_ROW_MASK_NONE || p.row_mask != nullptr),
                 "%s: row mask mode %d", kernel, p.row_mask_mode);
  DETR4J_REQUIRE(queue, (uintptr_t)p.weight % 16 == 0, "%s: weights at %p are not on 16 bytes", kernel, p.weight);
  const int64_t rows = (int64_t)p.batch * p.out_h * p.out_w;
  const int64_t reach = (p.batch - 1) * p.x_batch_stride + ((int64_t)p.in_h * p.in_w + (int64_t)p.padding * (p.in_w + 1)) * p.x_row_stride;
  DETR4J_REQUIRE(queue, reach < INT32_MAX && rows < INT32_MAX, "%s: a map of %lld elements; there may be %d", kernel, (long long)reach, INT32_MAX);
  DETR4J_REQUIRE(queue, (int64_t)((p.out_c / p.groups + 63) / 64) * p.groups <= 65535, "%s: %d groups of %d channels", kernel, p.groups, p.out_c);
  return DETR4J_CUDA_OK;
}

// Blocks of 128 x 128 where they give every multiprocessor of a large device two, of 64 x 64 otherwise.
constexpr int64_t ENOUGH_BLOCKS = 264;

inline bool takes_large_blocks(const detr4j_cuda_conv2d& p) {
  const int64_t rows = (int64_t)p.batch * p.out_h * p.out_w, group_out = p.out_c / p.groups;
  return (rows + 127) / 128 * ((group_out + 127) / 128) * p.groups >= ENOUGH_BLOCKS && group_out > 64;
}

#endif  // DETR4J_CUDA_PRODUCT_H
