// Convolution as implicit GEMM on a channels-last map, in fp32 multiply-adds: C[pixels][out] = A[pixels][window] B[window][out].
// A linear layer is the 1x1 case.
//
//              <------ COLUMNS ------>
//        ^    +-----------------------+   A block computes ROWS x COLUMNS outputs; a thread 8 x 8 of them: 8 rows that are 4
//       ROWS  |  warps of 32 x 64     |   apart, so that rows read at once are in different banks, and two pieces of 4
//        v    +-----------------------+   columns that are 32 apart, so that 8 lanes read 128 bytes in a row.
//
//   shared memory   STAGES x ( A: [ROWS][DEPTH]  +  B: [DEPTH][COLUMNS] ), filled by cp.async, STAGES - 1 steps ahead
//
//   per step   wait for the oldest stage, barrier
//              begin the copies that fill the stage read in the step before
//              two depths at a time: 8 float2 of A (one address for 8 lanes), then for each 2 float4 of B and 64 multiply-adds
//
// The depth runs over kernel rows, kernel columns and channels; where a pixel is outside the map the copy writes zeros. Weights
// are padded to whole float4 columns, so that B is always aligned; A is where the channels of a group, the strides and the
// address are multiples of 4, and otherwise copied number by number. A sum adds its products in the order of the depth.
#include "row_norm.h"

namespace {

constexpr int DEPTH = 16, STAGES = 3, THREAD_ROWS = 8, THREAD_COLUMNS = 8, WARP_ROWS = 32, WARP_COLUMNS = 64;
constexpr int ROWS_APART = WARP_ROWS / THREAD_ROWS, COLUMNS_APART = WARP_COLUMNS / 2;
template <int ROWS, int COLUMNS>
struct Stages {
  float a[STAGES][ROWS][DEPTH];
  float b[STAGES][DEPTH][COLUMNS];
};

// Blocks a multiprocessor must have room for: 128 registers a thread in the large one, 168 in the small one. The instance that
// copies A number by number keeps more addresses.
constexpr int blocks_at_once(int rows, bool a_aligned) { return !a_aligned ? 1 : rows == 128 ? 2 : 6; }

// Stages, and room for a norm behind the products.
struct NormShared {
  Stages<NORM_ROWS, NORM_COLUMNS> stages;
  RowParts<NORM_ROWS, NORM_COLUMNS / WARP_COLUMNS> parts;
};

// One block of a product. A_ALIGNED: copies of A are of 4 channels. OUT_ALIGNED: rows of out and residual take float4. With
// NORM, a block has whole rows and normalises them.
template <int ROWS, int COLUMNS, bool A_ALIGNED, bool OUT_ALIGNED, bool NORM>
DETR4J_DEVICE void compute_block(const detr4j_cuda_conv2d& p, int block, const detr4j_cuda_layer_norm& norm) {
  constexpr int THREADS = ROWS * COLUMNS / (THREAD_ROWS * THREAD_COLUMNS);
  constexpr int PIECE = A_ALIGNED ? 4 : 1;                               // numbers in a copy of A
  constexpr int ROW_THREADS = DEPTH / PIECE;                             // threads that share a row of A
  constexpr int A_COPIES = ROWS / (THREADS / ROW_THREADS), B_COPIES = DEPTH * COLUMNS / 4 / THREADS;
  Stages<ROWS, COLUMNS>& s = shared_memory<Stages<ROWS, COLUMNS>>();

  const int thread = (int)threadIdx.x, lane = thread % WARP_LANES, warp = thread / WARP_LANES;
  const int pixels = p.out_h * p.out_w;
  const int64_t rows = (int64_t)p.batch * pixels;
  const int channels = p.in_c / p.groups, group_out = p.out_c / p.groups, columns = (group_out + 3) / 4 * 4;
  const int depth = p.kernel_h * p.kernel_w * channels;
  const int row_blocks = (int)((rows + ROWS - 1) / ROWS), column_blocks = (group_out + COLUMNS - 1) / COLUMNS;
  const int group = block / row_blocks / column_blocks;
  const int64_t first_row = (int64_t)(block % row_blocks) * ROWS;
  const int first_column = block / row_blocks % column_blocks * COLUMNS;

  // The rows of A that this thread copies: THREADS / ROW_THREADS apart. Where each window's upper left corner is, or would be.
  const int own_row = thread / ROW_THREADS, own_depth = thread % ROW_THREADS * PIECE;
  int corner[A_COPIES];  // elements from x, which fit 32 bits
  int top[A_COPIES], left[A_COPIES];
#pragma unroll
  for (int i = 0; i < A_COPIES; i++) {
    const int64_t row = first_row + own_row + i * (THREADS / ROW_THREADS);
    const int n = (int)(row / pixels), pixel = (int)(row % pixels);
    const bool there = row < rows && !(p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_INPUT && p.row_mask[row] == 0);
    top[i] = there ? pixel / p.out_w * p.stride - p.padding : NOWHERE;
    left[i] = pixel % p.out_w * p.stride - p.padding;
    // Nothing is read at the corner of a row that is nowhere; 0, so that no sum with it overflows.
    corner[i] = there ? (int)(n * p.x_batch_stride + ((int64_t)top[i] * p.in_w + left[i]) * p.x_row_stride + group * channels) : 0;
  }
  const int own_k = thread / (COLUMNS / 4), own_column = thread % (COLUMNS / 4) * 4;
  const float *x = static_cast<const float*>(p.x), *weights = static_cast<const float*>(p.weight);
  const float* weight = weights + ((int64_t)group * depth + own_k) * columns + first_column + own_column;
  const bool in_columns = first_column + own_column < columns;
  Tap tap = tap_at(own_depth, channels, p.kernel_w);
  int copied = 0;  // depths, of stages begun

  auto begin_stage = [&](int stage) {
    const int row_offset = tap.row * p.dilation, column_offset = tap.column * p.dilation;
    const int offset = (row_offset * p.in_w + column_offset) * (int)p.x_row_stride + tap.channel;
    const bool deep = copied + own_depth < depth;
#pragma unroll
    for (int i = 0; i < A_COPIES; i++) {
      const int h = top[i] + row_offset, w = left[i] + column_offset;
      const bool present = deep && (unsigned)h < (unsigned)p.in_h && (unsigned)w < (unsigned)p.in_w;
      const float* from = present ? x + (corner[i] + offset) : weights;
      cp_async<4 * PIECE>(&s.a[stage][own_row + i * (THREADS / ROW_THREADS)][own_depth], from, present);
    }
#pragma unroll
    for (int i = 0; i < B_COPIES; i++) {
      constexpr int APART = THREADS / (COLUMNS / 4);
      const bool present = in_columns && copied + own_k + i * APART < depth;
      cp_async<16>(&s.b[stage][own_k + i * APART][own_column], present ? weight + i * APART * columns : weights, present);
    }
    weight += DEPTH * columns;
    copied += DEPTH;
    advance(tap, DEPTH, channels, p.kernel_w);
  };

  float sum[THREAD_ROWS][THREAD_COLUMNS];
#pragma unroll
  for (int i = 0; i < THREAD_ROWS; i++) {
#pragma unroll
    for (int j = 0; j < THREAD_COLUMNS; j++) sum[i][j] = 0.0f;
  }
  const int steps = (depth + DEPTH - 1) / DEPTH;
#pragma unroll
  for (int i = 0; i < STAGES - 1; i++) {
    if (i < steps) begin_stage(i);
    cp_async_commit();
  }
  constexpr int WARPS_ACROSS = COLUMNS / WARP_COLUMNS;
  const int row_in_block = warp / WARPS_ACROSS * WARP_ROWS + lane / 8;
  const int column_in_block = warp % WARPS_ACROSS * WARP_COLUMNS + lane % 8 * 4;
  for (int step = 0, stage = 0; step < steps; step++, stage = stage + 1 == STAGES ? 0 : stage + 1) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();
    if (step + STAGES - 1 < steps) begin_stage(stage == 0 ? STAGES - 1 : stage - 1);
    cp_async_commit();
#pragma unroll 1  // unrolled, it needs more than the 128 registers that two blocks a multiprocessor leave
    for (int k = 0; k < DEPTH; k += 2) {
      float a[THREAD_ROWS][2];
#pragma unroll
      for (int i = 0; i < THREAD_ROWS; i++) {
        const float2 v = load2(reinterpret_cast<const float2*>(&s.a[stage][row_in_block + i * ROWS_APART][k]));
        a[i][0] = v.x, a[i][1] = v.y;
      }
#pragma unroll
      for (int q = 0; q < 2; q++) {
        const float4 near = load4(reinterpret_cast<const float4*>(&s.b[stage][k + q][column_in_block]));
        const float4 far = load4(reinterpret_cast<const float4*>(&s.b[stage][k + q][column_in_block + COLUMNS_APART]));
        const float b[THREAD_COLUMNS] = {near.x, near.y, near.z, near.w, far.x, far.y, far.z, far.w};
#pragma unroll
        for (int i = 0; i < THREAD_ROWS; i++) {
#pragma unroll
          for (int j = 0; j < THREAD_COLUMNS; j++) sum[i][j] = __fmaf_rn(a[i][q], b[j], sum[i][j]);
        }
      }
    }
  }

  if constexpr (NORM) {
    auto column_of = [&](int j) { return column_in_block + j / 4 * COLUMNS_APART + j % 4; };
#pragma unroll
    for (int i = 0; i < THREAD_ROWS; i++) {
      const int64_t row = first_row + row_in_block + i * ROWS_APART;
#pragma unroll
      for (int j = 0; j < THREAD_COLUMNS; j++) {
        const bool there = row < rows && column_of(j) < group_out;
        sum[i][j] = there ? before_norm(p, norm, row / pixels, row % pixels, column_of(j), sum[i][j]) : 0.0f;
      }
    }
    normalise_rows<8>(sum, shared_memory<NormShared>().parts, warp % WARPS_ACROSS, norm, [&](int i) { return row_in_block + i * ROWS_APART; },
                      [&](int j) { return column_of(j) < group_out; });
#pragma unroll
    for (int i = 0; i < THREAD_ROWS; i++) {
      const int64_t row = first_row + row_in_block + i * ROWS_APART;
      if (row >= rows) break;
#pragma unroll
      for (int j = 0; j < THREAD_COLUMNS; j++) {
        if (column_of(j) < group_out) store_normalised(norm, row / pixels, row % pixels, column_of(j), sum[i][j]);
      }
    }
  } else {
#pragma unroll
    for (int i = 0; i < THREAD_ROWS; i++) {
      const int64_t row = first_row + row_in_block + i * ROWS_APART;
      if (row >= rows) break;
      const int64_t n = row / pixels, pixel = row % pixels;
      const bool zero = p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT && p.row_mask[row] == 0;
      float* out = static_cast<float*>(p.out) + n * p.out_batch_stride + pixel * p.out_row_stride + group * group_out;
      const float* residual = p.residual == nullptr ? nullptr : p.residual + n * p.residual_batch_stride + pixel * p.residual_row_stride + group * group_out;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const int column = first_column + column_in_block + COLUMNS_APART * half;
        if (column >= group_out) continue;
        float v[4];
#pragma unroll
        for (int j = 0; j < 4; j++) v[j] = sum[i][4 * half + j];
        if (p.bias != nullptr) {
#pragma unroll
          for (int j = 0; j < 4; j++) v[j] += p.bias[group * columns + column + j];
        }
        if (OUT_ALIGNED) {
          if (residual != nullptr) {
            const float4 r = load4(reinterpret_cast<const float4*>(residual + column));
            v[0] += r.x, v[1] += r.y, v[2] += r.z, v[3] += r.w;
          }
#pragma unroll
          for (int j = 0; j < 4; j++) v[j] = zero ? 0.0f : activated(p.activation, v[j]);
          store4(reinterpret_cast<float4*>(out + column), make_float4(v[0], v[1], v[2], v[3]));
        } else {
#pragma unroll
          for (int j = 0; j < 4; j++) {
            if (column + j >= group_out) break;
            const float whole = residual != nullptr ? v[j] + residual[column + j] : v[j];
            out[column + j] = zero ? 0.0f : activated(p.activation, whole);
          }
        }
      }
    }
  }
}

template <int ROWS, int COLUMNS, bool A_ALIGNED, bool OUT_ALIGNED>
__global__ void __launch_bounds__(ROWS* COLUMNS / 64, blocks_at_once(ROWS, A_ALIGNED))
    conv2d_kernel(const __grid_constant__ Joint joint) {
  const int which = own_product(joint);
  compute_block<ROWS, COLUMNS, A_ALIGNED, OUT_ALIGNED, false>(joint.product[which], (int)blockIdx.x - joint.first_block[which], detr4j_cuda_layer_norm{});
}

// One block a multiprocessor: for two, ptxas keeps to 128 registers and needs a stack frame on sm_100.
template <bool A_ALIGNED>
__global__ void __launch_bounds__(NORM_ROWS* NORM_COLUMNS / 64, 1)
    linear_norm_kernel(const __grid_constant__ detr4j_cuda_conv2d p, const __grid_constant__ detr4j_cuda_layer_norm norm) {
  compute_block<NORM_ROWS, NORM_COLUMNS, A_ALIGNED, false, true>(p, (int)blockIdx.x, norm);
}

// Whether A is copied 4 channels at a time.
bool in_fours(const detr4j_cuda_conv2d& p) { return p.in_c / p.groups % 4 == 0 && rows_on_16_bytes(p.x, p.x_row_stride, p.x_batch_stride); }

template <int ROWS, int COLUMNS, bool A_ALIGNED, bool OUT_ALIGNED>
int32_t enqueue(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, int count) {
  return run_joint(queue, "conv2d_f32", p, count, ROWS, COLUMNS, ROWS * COLUMNS / 64, sizeof(Stages<ROWS, COLUMNS>),
                   conv2d_kernel<ROWS, COLUMNS, A_ALIGNED, OUT_ALIGNED>);
}

template <int ROWS, int COLUMNS>
int32_t enqueue(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, int count) {
  const bool a = all_of(p, count, in_fours);
  const bool out = all_of(p, count, [](const detr4j_cuda_conv2d& one) {
    return one.out_c / one.groups % 4 == 0 && rows_on_16_bytes(one.out, one.out_row_stride, one.out_batch_stride) &&
           (one.residual == nullptr || rows_on_16_bytes(one.residual, one.residual_row_stride, one.residual_batch_stride));
  });
  if (a) return out ? enqueue<ROWS, COLUMNS, true, true>(queue, p, count) : enqueue<ROWS, COLUMNS, true, false>(queue, p, count);
  return out ? enqueue<ROWS, COLUMNS, false, true>(queue, p, count) : enqueue<ROWS, COLUMNS, false, false>(queue, p, count);
}

}  // namespace

extern "C" int32_t detr4j_cuda_conv2d_f32(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, int32_t count) {
  const int32_t refused = refuse_products(queue, "conv2d", p, count);
  if (refused != DETR4J_CUDA_OK) return refused;
  for (int i = 0; i < count; i++) {
    DETR4J_REQUIRE(queue, p[i].x_type == DETR4J_CUDA_TYPE_F32 && p[i].out_type == DETR4J_CUDA_TYPE_F32, "conv2d: types %d and %d", p[i].x_type, p[i].out_type);
  }
  return take_large_blocks(p, count) ? enqueue<128, 128>(queue, p, count) : enqueue<64, 64>(queue, p, count);
}

extern "C" int32_t detr4j_cuda_linear_norm_f32(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, const detr4j_cuda_layer_norm* norm) {
  const int32_t refused = refuse_linear_norm(queue, "linear_norm", *p, *norm);
  if (refused != DETR4J_CUDA_OK) return refused;
  DETR4J_REQUIRE(queue, p->x_type == DETR4J_CUDA_TYPE_F32, "linear_norm: input of type %d", p->x_type);
  const dim3 grid(blocks_of((int64_t)p->batch * p->out_h * p->out_w, NORM_ROWS)), block(NORM_ROWS * NORM_COLUMNS / 64);
  return in_fours(*p) ? queue->run("linear_norm_f32", grid, block, sizeof(NormShared), linear_norm_kernel<true>, *p, *norm)
                      : queue->run("linear_norm_f32", grid, block, sizeof(NormShared), linear_norm_kernel<false>, *p, *norm);
}
