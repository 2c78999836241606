// Group normalisation in two kernels, of up to four maps at once: their pieces stand one after the other in the grid.
//
//   statistics   a block is one group of one piece of rows: its mean, then the squares about that mean, in double
//   apply        a block is a piece of rows of all channels. It first joins the pieces of each group (Chan, Golub and LeVeque
//                1979), which are few, into mean and scale in shared memory
//
// workspace: [batch][groups][pieces][2] doubles, mean and squares.
#include "row_sums.h"

namespace {

constexpr int MOST_GROUPS = 4096;  // mean and scale of each are 8 bytes of shared memory

struct JointNorm {
  detr4j_cuda_row_norm norm[DETR4J_CUDA_GROUP_NORMS_MOST];
  int first_piece[DETR4J_CUDA_GROUP_NORMS_MOST];
  int count;
};

// Which of them a block belongs to.
DETR4J_DEVICE int own_norm(const JointNorm& joint) {
  int which = 0;
#pragma unroll
  for (int i = 1; i < DETR4J_CUDA_GROUP_NORMS_MOST; i++) which += i < joint.count && (int)blockIdx.x >= joint.first_piece[i];
  return which;
}

DETR4J_DEVICE int64_t pieces_in(const detr4j_cuda_row_norm& p) { return (p.rows + PIECE_ROWS - 1) / PIECE_ROWS; }

__global__ void __launch_bounds__(ROW_SUM_THREADS) statistics_kernel(const __grid_constant__ JointNorm joint) {
  struct Shared {
    double partial[ROW_SUM_THREADS / WARP_LANES];
  };
  Shared& s = shared_memory<Shared>();
  const int which = own_norm(joint);
  const detr4j_cuda_row_norm& p = joint.norm[which];
  const int64_t piece = (int)blockIdx.x - joint.first_piece[which], pieces = pieces_in(p), first = piece * PIECE_ROWS;
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

__global__ void __launch_bounds__(ROW_SUM_THREADS) apply_kernel(const __grid_constant__ JointNorm joint) {
  const int which = own_norm(joint);
  const detr4j_cuda_row_norm& p = joint.norm[which];
  float* mean = &shared_memory<float>();
  float* scale = mean + p.groups;
  const int64_t first = ((int)blockIdx.x - joint.first_piece[which]) * (int64_t)PIECE_ROWS, pieces = pieces_in(p);
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

extern "C" int32_t detr4j_cuda_group_norm_f32(detr4j_cuda_queue* queue, const detr4j_cuda_row_norm* p, int32_t count) {
  DETR4J_REQUIRE(queue, count >= 1 && count <= DETR4J_CUDA_GROUP_NORMS_MOST, "group_norm: %d maps at once; there may be %d", count,
                 DETR4J_CUDA_GROUP_NORMS_MOST);
  JointNorm joint{};
  int64_t pieces = 0;
  for (int i = 0; i < count; i++, p++) {
    DETR4J_REQUIRE(queue, p->groups >= 1 && p->groups <= MOST_GROUPS && p->channels >= 1 && p->channels % p->groups == 0,
                   "group_norm: %d groups of %d channels", p->groups, p->channels);
    DETR4J_REQUIRE(queue, p->batch >= 0 && p->batch <= 65535 && p->rows >= 0, "group_norm: [%d, %lld, %d]", p->batch, (long long)p->rows, p->channels);
    DETR4J_REQUIRE(queue, (uintptr_t)p->workspace % 8 == 0 && p->workspace != nullptr, "group_norm: a workspace at %p", p->workspace);
    DETR4J_REQUIRE(queue, i == 0 || (p->batch == joint.norm[0].batch && p->groups == joint.norm[0].groups),
                   "group_norm: %d items in %d groups beside %d in %d", p->batch, p->groups, joint.norm[0].batch, joint.norm[0].groups);
    joint.norm[i] = *p;
    joint.first_piece[i] = (int)pieces;
    pieces += pieces_of(p->rows);
    DETR4J_REQUIRE(queue, pieces <= INT32_MAX, "group_norm: %lld pieces of rows", (long long)pieces);
  }
  joint.count = count;
  const unsigned batch = (unsigned)joint.norm[0].batch, groups = (unsigned)joint.norm[0].groups;
  if (batch == 0 || pieces == 0) return DETR4J_CUDA_OK;
  const size_t partial = ROW_SUM_THREADS / WARP_LANES * sizeof(double);
  const int32_t status = queue->run("group_norm_f32 statistics", dim3((unsigned)pieces, groups, batch), dim3(ROW_SUM_THREADS), partial, statistics_kernel, joint);
  if (status != DETR4J_CUDA_OK) return status;
  return queue->run("group_norm_f32 apply", dim3((unsigned)pieces, batch), dim3(ROW_SUM_THREADS), 2 * sizeof(float) * groups, apply_kernel, joint);
}
