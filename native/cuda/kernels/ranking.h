// The k largest of many scores, in order, by the threads of a block.
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
#ifndef DETR4J_CUDA_RANKING_H
#define DETR4J_CUDA_RANKING_H

#include "../queue.h"

constexpr int RANKING_THREADS = 512, RANKING_DIGITS = 256;
constexpr int64_t RANKING_MOST = INT32_MAX - RANKING_THREADS;  // scores

struct Ranking {
  unsigned counts[RANKING_DIGITS];
  unsigned collected;
  int digit;
  unsigned above;                         // keys with a greater digit
  uint64_t keys[DETR4J_CUDA_TOP_K_MOST];  // last, because a launch asks for no more of them than it sorts
};

// Bytes of shared memory to rank the k largest.
inline size_t ranking_bytes(int32_t k) {
  size_t padded = 1;
  while (padded < (size_t)k) padded *= 2;
  return offsetof(Ranking, keys) + padded * sizeof(uint64_t);
}

// Grows with the score; NaN is largest, -0 equals 0.
DETR4J_DEVICE unsigned score_key(float score) {
  const unsigned bits = __float_as_uint(score);
  if (score != score) return 0xffffffffu;
  if (bits == 0x80000000u) return 0x80000000u;
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Of two scores the larger one has the larger key, of equal ones that with the lower index.
DETR4J_DEVICE uint64_t ranking_key(float score, int index) { return (uint64_t)score_key(score) << 32 | (0xffffffffu - (unsigned)index); }
DETR4J_DEVICE int ranking_index(uint64_t key) { return (int)(0xffffffffu - (unsigned)key); }

// Leaves the k largest keys in s.keys, falling, for all threads of the block. score_of(index) gives a score. Indices have 31 bits, because
// a division of 64 bits is slow.
template <class ScoreOf>
DETR4J_DEVICE void rank(Ranking& s, int count, int k, ScoreOf score_of) {
  const int thread = (int)threadIdx.x;
  uint64_t least = 0;  // the digits found so far
  unsigned wanted = (unsigned)k;
  for (int shift = 56; shift >= 0; shift -= 8) {
    for (int i = thread; i < RANKING_DIGITS; i += RANKING_THREADS) s.counts[i] = 0;
    __syncthreads();
    for (int i = thread; i < count; i += RANKING_THREADS) {
      const uint64_t key = ranking_key(score_of(i), i);
      // Two shifts, because one by 64 is not defined.
      if ((key ^ least) >> shift >> 8 == 0) atomicAdd(&s.counts[key >> shift & (RANKING_DIGITS - 1)], 1u);
    }
    __syncthreads();
    if (thread == 0) {
      unsigned above = 0;
      int digit = RANKING_DIGITS - 1;
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
  while (padded < k) padded *= 2;
  for (int i = k + thread; i < padded; i += RANKING_THREADS) s.keys[i] = 0;
  for (int i = thread; i < count; i += RANKING_THREADS) {
    const uint64_t key = ranking_key(score_of(i), i);
    if (key >= least) s.keys[atomicAdd(&s.collected, 1u)] = key;
  }
  __syncthreads();
  // Bitonic sort, falling: runs of `size` become runs of twice that, by exchanges over `distance`.
  for (int size = 2; size <= padded; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int i = thread; i < padded / 2; i += RANKING_THREADS) {
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
}

#endif  // DETR4J_CUDA_RANKING_H
