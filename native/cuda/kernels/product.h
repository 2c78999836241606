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
  return DETR4J_CUDA_OK;
}

inline int32_t refuse_products(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d* p, int32_t count) {
  DETR4J_REQUIRE(queue, count >= 1 && count <= DETR4J_CUDA_PRODUCTS_MOST, "%s: %d products at once; there may be %d", kernel, count, DETR4J_CUDA_PRODUCTS_MOST);
  for (int i = 0; i < count; i++) {
    const int32_t refused = refuse_product(queue, kernel, p[i]);
    if (refused != DETR4J_CUDA_OK) return refused;
  }
  return DETR4J_CUDA_OK;
}

// Products that run in one launch, one after the other in the grid.
struct Joint {
  detr4j_cuda_conv2d product[DETR4J_CUDA_PRODUCTS_MOST];
  int first_block[DETR4J_CUDA_PRODUCTS_MOST];
  int count;
};

// Which of them a block belongs to.
DETR4J_DEVICE int own_product(const Joint& joint) {
  int which = 0;
#pragma unroll
  for (int i = 1; i < DETR4J_CUDA_PRODUCTS_MOST; i++) which += i < joint.count && (int)blockIdx.x >= joint.first_block[i];
  return which;
}

// Puts products on the queue whose blocks are `rows` x `columns` outputs.
inline int32_t run_joint(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d* p, int count, int rows, int columns, int threads, size_t shared,
                         void (*function)(Joint)) {
  Joint joint{};
  joint.count = count;
  int64_t blocks = 0;
  for (int i = 0; i < count; i++) {
    joint.product[i] = p[i];
    joint.first_block[i] = (int)blocks;
    blocks += (int64_t)blocks_of((int64_t)p[i].batch * p[i].out_h * p[i].out_w, rows) * blocks_of(p[i].out_c / p[i].groups, columns) * p[i].groups;
  }
  DETR4J_REQUIRE(queue, blocks <= INT32_MAX, "%s: %lld blocks", kernel, (long long)blocks);
  return queue->run(kernel, dim3((unsigned)blocks), dim3((unsigned)threads), shared, function, joint);
}

// Whether all of them have this.
template <class Has>
bool all_of(const detr4j_cuda_conv2d* p, int count, Has has) {
  for (int i = 0; i < count; i++) {
    if (!has(p[i])) return false;
  }
  return true;
}

// Blocks of 128 x 128 where they give every multiprocessor of a large device two, of 64 x 64 otherwise.
constexpr int64_t ENOUGH_BLOCKS = 264;

inline bool take_large_blocks(const detr4j_cuda_conv2d* p, int count) {
  int64_t blocks = 0;
  bool wide = true;
  for (int i = 0; i < count; i++) {
    const int64_t rows = (int64_t)p[i].batch * p[i].out_h * p[i].out_w, group_out = p[i].out_c / p[i].groups;
    blocks += (rows + 127) / 128 * ((group_out + 127) / 128) * p[i].groups;
    wide &= group_out > 64;
  }
  return wide && blocks >= ENOUGH_BLOCKS;
}

#endif  // DETR4J_CUDA_PRODUCT_H
