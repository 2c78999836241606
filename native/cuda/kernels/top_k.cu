// The k largest scores of each item, in order: a block is one item.
//
// A score and its index make one 64-bit key that falls in the order of selection; no two are equal. So the k-th largest key
// can be found without sorting, 8 bits at a time from the top:
//
//   for each of 8 digits   count how many keys that agree with the digits found so far have which next digit (256 counters);
//                          the digit where the count from above reaches k is the k-th key's
//   collect                keys not below it, k of them, in any order
//   sort                   bitonic, in shared memory, padded to a power of two with keys that come last
//
// The counters are whole numbers, so the order of the atomic additions does not matter.
#include "../queue.h"

namespace {

constexpr int THREADS = 512, DIGITS = 256;

struct Shared {
  unsigned counts[DIGITS];
  unsigned collected;
  int digit;
  unsigned above;  // keys with a greater digit
  uint64_t keys[DETR4J_CUDA_TOP_K_MOST];
};

// Grows with the score; NaN is largest, -0 equals 0.
DETR4J_DEVICE unsigned score_key(float score) {
  const unsigned bits = __float_as_uint(score);
  if (score != score) return 0xffffffffu;
  if (bits == 0x80000000u) return 0x80000000u;
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

DETR4J_DEVICE uint64_t key_of(const detr4j_cuda_top_k& p, int64_t item, int64_t index) {
  const float score = p.x[item * p.x_batch_stride + index / p.columns * p.x_row_stride + index % p.columns];
  return (uint64_t)score_key(score) << 32 | (0xffffffffu - (unsigned)index);
}

__global__ void __launch_bounds__(THREADS, 2) top_k_kernel(const __grid_constant__ detr4j_cuda_top_k p) {
  Shared& s = shared_memory<Shared>();  // as much of it as the sorted keys need
  const int thread = (int)threadIdx.x;
  const int64_t item = blockIdx.x, count = p.rows * p.columns;
  uint64_t least = 0;  // the digits found so far
  unsigned wanted = (unsigned)p.k;
  for (int shift = 56; shift >= 0; shift -= 8) {
    for (int i = thread; i < DIGITS; i += THREADS) s.counts[i] = 0;
    __syncthreads();
    for (int64_t i = thread; i < count; i += THREADS) {
      const uint64_t key = key_of(p, item, i);
      // Two shifts, because one by 64 is not defined.
      if ((key ^ least) >> shift >> 8 == 0) atomicAdd(&s.counts[key >> shift & (DIGITS - 1)], 1u);
    }
    __syncthreads();
    if (thread == 0) {
      unsigned above = 0;
      int digit = DIGITS - 1;
      while (above + s.counts[digit] < wanted) above += s.counts[digit--];
      s.digit = digit;
      s.above = above;
      s.collected = 0;
    }
    __syncthreads();
    least |= (uint64_t)s.digit << shift;
    wanted -= s.above;
  }

  int padded = 1;
  while (padded < p.k) padded *= 2;
  for (int i = p.k + thread; i < padded; i += THREADS) s.keys[i] = 0;
  for (int64_t i = thread; i < count; i += THREADS) {
    const uint64_t key = key_of(p, item, i);
    if (key >= least) s.keys[atomicAdd(&s.collected, 1u)] = key;
  }
  __syncthreads();
  // Bitonic sort, falling: runs of `size` become runs of twice that, by exchanges over `distance`.
  for (int size = 2; size <= padded; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int i = thread; i < padded / 2; i += THREADS) {
        const int low = i / distance * distance * 2 + i % distance, high = low + distance;
        const uint64_t a = s.keys[low], b = s.keys[high];
        if ((a < b) == ((low & size) == 0)) {
          s.keys[low] = b;
          s.keys[high] = a;
        }
      }
      __syncthreads();
    }
  }
  for (int i = thread; i < p.k; i += THREADS) {
    const int index = (int)(0xffffffffu - (unsigned)s.keys[i]);
    p.values[item * p.k + i] = p.x[item * p.x_batch_stride + index / p.columns * p.x_row_stride + index % p.columns];
    p.indices[item * p.k + i] = index;
  }
}

}  // namespace

extern "C" int32_t detr4j_cuda_device_top_k_most(const detr4j_cuda_device* device) {
  int32_t most = DETR4J_CUDA_TOP_K_MOST;
  while (offsetof(Shared, keys) + (size_t)most * sizeof(uint64_t) > device->shared_memory) most /= 2;
  return most;
}

extern "C" int32_t detr4j_cuda_top_k_f32(detr4j_cuda_queue* queue, const detr4j_cuda_top_k* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->rows >= 0 && p->columns >= 1 && p->rows * p->columns <= INT32_MAX, "top_k: of [%d, %lld, %d]", p->batch,
                 (long long)p->rows, p->columns);
  const int32_t most = detr4j_cuda_device_top_k_most(queue->device);
  DETR4J_REQUIRE(queue, p->k >= 0 && p->k <= p->rows * p->columns && p->k <= most, "top_k: %d of %lld scores; there may be %d", p->k,
                 (long long)(p->rows * p->columns), most);
  if (p->batch == 0 || p->k == 0) return DETR4J_CUDA_OK;
  size_t padded = 1;
  while (padded < (size_t)p->k) padded *= 2;
  return queue->run("top_k_f32", dim3((unsigned)p->batch), dim3(THREADS), offsetof(Shared, keys) + padded * sizeof(uint64_t), top_k_kernel, *p);
}
