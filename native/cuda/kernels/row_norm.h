// Layer normalisation of rows that a block has in registers, behind their products.
#ifndef DETR4J_CUDA_ROW_NORM_H
#define DETR4J_CUDA_ROW_NORM_H

#include "product.h"

// Sums of parts of rows, one for each warp across: the rows' means and variances meet there.
template <int ROWS, int ACROSS>
struct RowParts {
  float sum[ROWS][ACROSS], squares[ROWS][ACROSS];
};

// The sums of whole rows: over LANES neighbouring lanes, then over the warps across. row_of(i) is the block's row of s[i].
template <int LANES, int R, int ROWS, int ACROSS, class RowOf>
DETR4J_DEVICE void add_parts(float (&s)[R], float (&part)[ROWS][ACROSS], int across, RowOf row_of) {
#pragma unroll
  for (int i = 0; i < R; i++) {
#pragma unroll
    for (int distance = LANES / 2; distance > 0; distance >>= 1) s[i] += __shfl_xor_sync(ALL_LANES, s[i], distance);
    if (threadIdx.x % LANES == 0) part[row_of(i)][across] = s[i];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < R; i++) {
    s[i] = part[row_of(i)][0];
#pragma unroll
    for (int w = 1; w < ACROSS; w++) s[i] += part[row_of(i)][w];
  }
}

// v becomes (v - mean) / sqrt(variance + epsilon) of its row; mean first, then the variance about it. is_there(c) says whether
// the row has column c of a thread; what it does not have is 0 before.
template <int LANES, int R, int C, int ROWS, int ACROSS, class RowOf, class IsThere>
DETR4J_DEVICE void normalise_rows(float (&v)[R][C], RowParts<ROWS, ACROSS>& parts, int across, const detr4j_cuda_layer_norm& norm, RowOf row_of, IsThere is_there) {
  float s[R];
#pragma unroll
  for (int i = 0; i < R; i++) {
    s[i] = 0.0f;
#pragma unroll
    for (int c = 0; c < C; c++) s[i] += v[i][c];
  }
  add_parts<LANES>(s, parts.sum, across, row_of);
#pragma unroll
  for (int i = 0; i < R; i++) {
    const float mean = s[i] / (float)norm.channels;
    s[i] = 0.0f;
#pragma unroll
    for (int c = 0; c < C; c++) {
      v[i][c] = is_there(c) ? v[i][c] - mean : 0.0f;
      s[i] = __fmaf_rn(v[i][c], v[i][c], s[i]);
    }
  }
  add_parts<LANES>(s, parts.squares, across, row_of);
#pragma unroll
  for (int i = 0; i < R; i++) {
    const float scale = 1.0f / __fsqrt_rn(s[i] / (float)norm.channels + norm.epsilon);
#pragma unroll
    for (int c = 0; c < C; c++) v[i][c] *= scale;
  }
}

// What is behind the sum of a product: bias, residual, and the norm's own; writes the product where it is asked for.
DETR4J_DEVICE float before_norm(const detr4j_cuda_conv2d& p, const detr4j_cuda_layer_norm& norm, int64_t n, int64_t row, int column, float v) {
  if (p.bias != nullptr) v += p.bias[column];
  if (p.residual != nullptr) v += p.residual[n * p.residual_batch_stride + row * p.residual_row_stride + column];
  if (p.out != nullptr) static_cast<float*>(p.out)[n * p.out_batch_stride + row * p.out_row_stride + column] = v;
  return norm.residual == nullptr ? v : v + norm.residual[n * norm.residual_batch_stride + row * norm.residual_row_stride + column];
}

DETR4J_DEVICE void store_normalised(const detr4j_cuda_layer_norm& norm, int64_t n, int64_t row, int column, float v) {
  v = __fmaf_rn(v, norm.weight[column], norm.bias[column]);
  const float plus = norm.addend == nullptr ? 0.0f : v + norm.addend[n * norm.addend_batch_stride + row * norm.addend_row_stride + column];
  norm.y[n * norm.y_batch_stride + row * norm.y_row_stride + column] = v;
  if (norm.addend != nullptr) norm.y_plus[n * norm.y_plus_batch_stride + row * norm.y_plus_row_stride + column] = plus;
}

constexpr int NORM_ROWS = 64, NORM_COLUMNS = DETR4J_CUDA_LINEAR_NORM_MOST;  // of a block

inline int32_t refuse_linear_norm(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d& p, const detr4j_cuda_layer_norm& norm) {
  const int32_t refused = refuse_product(queue, kernel, p);
  if (refused != DETR4J_CUDA_OK) return refused;
  DETR4J_REQUIRE(queue, p.kernel_h == 1 && p.kernel_w == 1 && p.stride == 1 && p.padding == 0 && p.groups == 1, "%s: kernel %d x %d, stride %d, padding %d, %d groups",
                 kernel, p.kernel_h, p.kernel_w, p.stride, p.padding, p.groups);
  DETR4J_REQUIRE(queue, p.activation == DETR4J_CUDA_ACTIVATION_NONE && p.row_mask_mode == DETR4J_CUDA_ROW_MASK_NONE, "%s: activation %d, row mask mode %d", kernel,
                 p.activation, p.row_mask_mode);
  DETR4J_REQUIRE(queue, p.out_type == DETR4J_CUDA_TYPE_F32, "%s: output of type %d", kernel, p.out_type);
  DETR4J_REQUIRE(queue, p.out_c == norm.channels && p.out_c <= NORM_COLUMNS, "%s: %d channels, a norm of %d; there may be %d", kernel, p.out_c, norm.channels,
                 NORM_COLUMNS);
  DETR4J_REQUIRE(queue, p.batch == norm.batch && (int64_t)p.out_h * p.out_w == norm.rows, "%s: [%d, %d], a norm of [%d, %lld]", kernel, p.batch, p.out_h * p.out_w,
                 norm.batch, (long long)norm.rows);
  DETR4J_REQUIRE(queue, norm.addend == nullptr || norm.y_plus != nullptr, "%s: an addend at %p, but no output for the sum", kernel, (const void*)norm.addend);
  return DETR4J_CUDA_OK;
}

#endif  // DETR4J_CUDA_ROW_NORM_H
