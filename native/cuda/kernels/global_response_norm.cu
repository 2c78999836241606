// Global response normalisation in two kernels.
//
//   statistics   a thread is a channel of one piece of rows: its sum of squares, in double
//   apply        a block is a piece of rows of all channels. It first joins the pieces of every channel and takes the mean of
//                the channels' norms; each thread then keeps the factor of its channels, which repeat every block's width
//
// workspace: [batch][pieces][channels] doubles.
#include "row_sums.h"

namespace {

constexpr int MOST_CHANNELS = 16384;  // the norm of each is 4 bytes of shared memory

__global__ void __launch_bounds__(ROW_SUM_THREADS) statistics_kernel(const __grid_constant__ detr4j_cuda_row_norm p) {
  const int64_t piece = blockIdx.x, first = piece * PIECE_ROWS, pieces = gridDim.x;
  const int channel = (int)blockIdx.y * ROW_SUM_THREADS + (int)threadIdx.x, item = (int)blockIdx.z;
  if (channel >= p.channels) return;
  const int64_t end = first + PIECE_ROWS < p.rows ? first + PIECE_ROWS : p.rows;
  const float* x = p.x + item * p.x_batch_stride + channel;
  double squares = 0.0;
  for (int64_t row = first; row < end; row++) {
    const double v = (double)x[row * p.x_row_stride];
    squares = __fma_rn(v, v, squares);
  }
  static_cast<double*>(p.workspace)[(item * pieces + piece) * p.channels + channel] = squares;
}

struct Shared {
  double partial[ROW_SUM_THREADS / WARP_LANES];
  float norm[MOST_CHANNELS];
};

__global__ void __launch_bounds__(ROW_SUM_THREADS) apply_kernel(const __grid_constant__ detr4j_cuda_row_norm p) {
  Shared& s = shared_memory<Shared>();  // as much of it as there are channels
  const int64_t first = (int64_t)blockIdx.x * PIECE_ROWS, pieces = gridDim.x;
  const int item = (int)blockIdx.y;
  double sum = 0.0;
  for (int channel = (int)threadIdx.x; channel < p.channels; channel += ROW_SUM_THREADS) {
    const double* from = static_cast<const double*>(p.workspace) + item * pieces * p.channels + channel;
    double squares = 0.0;
    for (int64_t piece = 0; piece < pieces; piece++) squares += from[piece * p.channels];
    s.norm[channel] = __fsqrt_rn((float)squares);
    sum += (double)s.norm[channel];
  }
  const float mean = (float)(block_sum(sum, s.partial) / (double)p.channels);  // its barriers publish the norms
  const int64_t rows = p.rows - first < PIECE_ROWS ? p.rows - first : PIECE_ROWS;
  const float* x = p.x + item * p.x_batch_stride + first * p.x_row_stride;
  float* y = p.y + item * p.y_batch_stride + first * p.y_row_stride;
  for (int64_t i = threadIdx.x; i < rows * p.channels; i += ROW_SUM_THREADS) {
    const int64_t row = i / p.channels;
    const int channel = (int)(i % p.channels);
    const float v = x[row * p.x_row_stride + channel], n = s.norm[channel] / (mean + p.epsilon);
    y[row * p.y_row_stride + channel] = __fmaf_rn(p.weight[channel] * n, v, v + p.bias[channel]);
  }
}

}  // namespace

extern "C" int32_t detr4j_cuda_global_response_norm_f32(detr4j_cuda_queue* queue, const detr4j_cuda_row_norm* p) {
  DETR4J_REQUIRE(queue, p->channels >= 1 && p->channels <= MOST_CHANNELS && p->groups == 0, "global_response_norm: %d channels, %d groups", p->channels, p->groups);
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->batch <= 65535 && p->rows >= 0, "global_response_norm: [%d, %lld, %d]", p->batch, (long long)p->rows, p->channels);
  DETR4J_REQUIRE(queue, (uintptr_t)p->workspace % 8 == 0 && p->workspace != nullptr, "global_response_norm: a workspace at %p", p->workspace);
  if (p->batch * p->rows == 0) return DETR4J_CUDA_OK;
  const unsigned pieces = (unsigned)pieces_of(p->rows), batch = (unsigned)p->batch;
  const int32_t status = queue->run("global_response_norm_f32 statistics", dim3(pieces, blocks_of(p->channels, ROW_SUM_THREADS), batch), dim3(ROW_SUM_THREADS), 0,
                                    statistics_kernel, *p);
  if (status != DETR4J_CUDA_OK) return status;
  const size_t shared = offsetof(Shared, norm) + (size_t)p->channels * sizeof(float);
  return queue->run("global_response_norm_f32 apply", dim3(pieces, batch), dim3(ROW_SUM_THREADS), shared, apply_kernel, *p);
}
