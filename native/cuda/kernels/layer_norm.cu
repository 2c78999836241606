// Layer normalisation of x (+ residual), a row a warp; mean first, then the variance about it. Rows of up to 8 x 32 channels
// stay in registers, longer ones are read three times. A lane reads of residual and addend what it writes, so that either
// may be the output.
#include "../queue.h"

namespace {

constexpr int WARPS = 8, KEPT = 8;

template <bool IN_REGISTERS>
__global__ void __launch_bounds__(32 * WARPS) layer_norm_kernel(const __grid_constant__ detr4j_cuda_layer_norm p) {
  const int lane = (int)threadIdx.x % WARP_LANES;
  const int64_t index = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP_LANES;
  if (index >= p.batch * p.rows) return;
  const int64_t item = index / p.rows, row = index % p.rows;
  const float* x = p.x + item * p.x_batch_stride + row * p.x_row_stride;
  const float* residual = p.residual == nullptr ? nullptr : p.residual + item * p.residual_batch_stride + row * p.residual_row_stride;
  const float* addend = p.addend == nullptr ? nullptr : p.addend + item * p.addend_batch_stride + row * p.addend_row_stride;
  float* y = p.y + item * p.y_batch_stride + row * p.y_row_stride;
  float* y_plus = addend == nullptr ? nullptr : p.y_plus + item * p.y_plus_batch_stride + row * p.y_plus_row_stride;
  auto read = [&](int c) { return residual == nullptr ? x[c] : x[c] + residual[c]; };

  float kept[KEPT], sum = 0.0f, squares = 0.0f;
  if (IN_REGISTERS) {
#pragma unroll
    for (int i = 0; i < KEPT; i++) {
      const int c = lane + WARP_LANES * i;
      kept[i] = c < p.channels ? read(c) : 0.0f;
      sum += kept[i];
    }
  } else {
    for (int c = lane; c < p.channels; c += WARP_LANES) sum += read(c);
  }
  const float mean = warp_sum(sum) / (float)p.channels;
  if (IN_REGISTERS) {
#pragma unroll
    for (int i = 0; i < KEPT; i++) {
      kept[i] = lane + WARP_LANES * i < p.channels ? kept[i] - mean : 0.0f;
      squares = __fmaf_rn(kept[i], kept[i], squares);
    }
  } else {
    for (int c = lane; c < p.channels; c += WARP_LANES) {
      const float d = read(c) - mean;
      squares = __fmaf_rn(d, d, squares);
    }
  }
  const float scale = 1.0f / __fsqrt_rn(warp_sum(squares) / (float)p.channels + p.epsilon);
  auto write = [&](int c, float deviation) {
    const float v = __fmaf_rn(deviation * scale, p.weight[c], p.bias[c]);
    const float plus = addend == nullptr ? 0.0f : v + addend[c];
    y[c] = v;
    if (addend != nullptr) y_plus[c] = plus;
  };
  if (IN_REGISTERS) {
#pragma unroll
    for (int i = 0; i < KEPT; i++) {
      const int c = lane + WARP_LANES * i;
      if (c < p.channels) write(c, kept[i]);
    }
  } else {
    for (int c = lane; c < p.channels; c += WARP_LANES) write(c, read(c) - mean);
  }
}

}  // namespace

extern "C" int32_t detr4j_cuda_layer_norm_f32(detr4j_cuda_queue* queue, const detr4j_cuda_layer_norm* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->rows >= 0 && p->channels >= 1, "layer_norm: [%d, %lld, %d]", p->batch, (long long)p->rows, p->channels);
  DETR4J_REQUIRE(queue, p->addend == nullptr || p->y_plus != nullptr, "layer_norm: an addend at %p, but no output for the sum", (const void*)p->addend);
  if (p->batch * p->rows == 0) return DETR4J_CUDA_OK;
  const dim3 grid(blocks_of(p->batch * p->rows, WARPS)), block(32 * WARPS);
  return p->channels <= KEPT * WARP_LANES ? queue->run("layer_norm_f32", grid, block, 0, layer_norm_kernel<true>, *p)
                                          : queue->run("layer_norm_f32", grid, block, 0, layer_norm_kernel<false>, *p);
}
