// For norms over the rows of a map: how rows are cut into pieces, and a block's sum of doubles.
#ifndef DETR4J_CUDA_ROW_SUMS_H
#define DETR4J_CUDA_ROW_SUMS_H

#include "../queue.h"

constexpr int ROW_SUM_THREADS = 256;
// Rows of a piece: fixed, so that sums have one order whatever the device.
constexpr int PIECE_ROWS = 256;

inline int64_t pieces_of(int64_t rows) { return (rows + PIECE_ROWS - 1) / PIECE_ROWS; }

// The sum over all threads of the block, in every thread; `partial` is shared memory for it alone.
DETR4J_DEVICE double block_sum(double v, double (&partial)[ROW_SUM_THREADS / WARP_LANES]) {
  v = warp_sum(v);
  __syncthreads();  // nobody reads the sum before any more
  if (threadIdx.x % WARP_LANES == 0) partial[threadIdx.x / WARP_LANES] = v;
  __syncthreads();
  double sum = 0.0;
#pragma unroll
  for (int i = 0; i < ROW_SUM_THREADS / WARP_LANES; i++) sum += partial[i];
  return sum;
}

#endif  // DETR4J_CUDA_ROW_SUMS_H
