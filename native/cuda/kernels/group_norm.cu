// Group normalisation in two kernels.
//
//   statistics   a block is one group of one piece of rows: its mean, then the squares about that mean, in double
//   apply        a block is a piece of rows of all channels. It first joins the pieces of each group (Chan, Golub and LeVeque
//                1979), which are few, into mean and scale in shared memory
//
// workspace: [batch][groups][pieces][2] doubles, mean and squares.
#include "row_sums.h"

namespace {

constexpr int MOST_GROUPS = 4096;  // mean and scale of each are 8 bytes of shared memory

__global__ void __launch_bounds__(ROW_SUM_THREADS) statistics_kernel(const __grid_constant__ detr4j_cuda_row_norm p) {
  struct Shared {
    double partial[ROW_SUM_THREADS / WARP_LANES];
  };
  Shared& s = shared_memory<Shared>();
  const int64_t piece = blockIdx.x, pieces = gridDim.x, first = piece * PIECE_ROWS;
  const int group = (int)blockIdx.y, item = (int)blockIdx.z, width = p.channels / p.groups;
  const int64_t rows = p.rows - first < PIECE_ROWS ? p.rows - first : PIECE_ROWS, count = rows * width;
  const float* x = p.x + item * p.x_batch_stride + first * p.x_row_stride + group * width;
  double sum = 0.0, squares = 0.0;
  for (int64_t i = threadIdx.x; i < count; i += ROW_SUM_THREADS) sum += (double)x[i / width * p.x_row_stride + i % width];
  const double mean = block_sum(sum, s.partial) / (double)count;
  for (int64_t i = threadIdx.x; i < count; i += ROW_SUM_THREADS) {
    const double d = (double)x[i / width * p.x_row_stride + i % width] - mean;
    squares = __fma_rn(d, d, squares);
  }
  squares = block_sum(squares, s.partial);
  if (threadIdx.x == 0) {
    double* to = static_cast<double*>(p.workspace) + ((int64_t)(item * p.groups + group) * pieces + piece) * 2;
    to[0] = mean;
    to[1] = squares;
  }
}

__global__ void __launch_bounds__(ROW_SUM_THREADS) apply_kernel(const __grid_constant__ detr4j_cuda_row_norm p) {
  float* mean = &shared_memory<float>();
  float* scale = mean + p.groups;
  const int64_t first = (int64_t)blockIdx.x * PIECE_ROWS, pieces = gridDim.x;
  const int item = (int)blockIdx.y, width = p.channels / p.groups;
  for (int group = (int)threadIdx.x; group < p.groups; group += ROW_SUM_THREADS) {
    const double* from = static_cast<const double*>(p.workspace) + (int64_t)(item * p.groups + group) * pieces * 2;
    double joined = 0.0, squares = 0.0, count = 0.0;
    for (int64_t piece = 0; piece < pieces; piece++) {
      const int64_t left = p.rows - piece * PIECE_ROWS;
      const double more = (double)((left < PIECE_ROWS ? left : PIECE_ROWS) * width), d = from[2 * piece] - joined;
      count += more;
      joined += d * (more / count);
      squares += from[2 * piece + 1] + d * d * (more * ((count - more) / count));
    }
    mean[group] = (float)joined;
    scale[group] = 1.0f / __fsqrt_rn((float)(squares / count) + p.epsilon);
  }
  __syncthreads();
  const int64_t rows = p.rows - first < PIECE_ROWS ? p.rows - first : PIECE_ROWS;
  const float* x = p.x + item * p.x_batch_stride + first * p.x_row_stride;
  float* y = p.y + item * p.y_batch_stride + first * p.y_row_stride;
  for (int64_t i = threadIdx.x; i < rows * p.channels; i += ROW_SUM_THREADS) {
    const int64_t row = i / p.channels;
    const int channel = (int)(i % p.channels), group = channel / width;
    const float deviation = x[row * p.x_row_stride + channel] - mean[group];
    y[row * p.y_row_stride + channel] = __fmaf_rn(deviation * scale[group], p.weight[channel], p.bias[channel]);
  }
}

}  // namespace

// Of both norms over rows.
extern "C" int64_t detr4j_cuda_row_norm_workspace(const detr4j_cuda_row_norm* p) {
  const int64_t sums = p->groups > 0 ? 2 * (int64_t)p->groups : p->channels;
  return p->batch * sums * pieces_of(p->rows) * (int64_t)sizeof(double);
}

extern "C" int32_t detr4j_cuda_group_norm_f32(detr4j_cuda_queue* queue, const detr4j_cuda_row_norm* p) {
  DETR4J_REQUIRE(queue, p->groups >= 1 && p->groups <= MOST_GROUPS && p->channels >= 1 && p->channels % p->groups == 0, "group_norm: %d groups of %d channels",
                 p->groups, p->channels);
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->batch <= 65535 && p->rows >= 0, "group_norm: [%d, %lld, %d]", p->batch, (long long)p->rows, p->channels);
  DETR4J_REQUIRE(queue, (uintptr_t)p->workspace % 8 == 0 && p->workspace != nullptr, "group_norm: a workspace at %p", p->workspace);
  if (p->batch * p->rows == 0) return DETR4J_CUDA_OK;
  const unsigned pieces = (unsigned)pieces_of(p->rows), batch = (unsigned)p->batch;
  const size_t partial = ROW_SUM_THREADS / WARP_LANES * sizeof(double);
  const int32_t status = queue->run("group_norm_f32 statistics", dim3(pieces, (unsigned)p->groups, batch), dim3(ROW_SUM_THREADS), partial, statistics_kernel, *p);
  if (status != DETR4J_CUDA_OK) return status;
  return queue->run("group_norm_f32 apply", dim3(pieces, batch), dim3(ROW_SUM_THREADS), 2 * sizeof(float) * (size_t)p->groups, apply_kernel, *p);
}
