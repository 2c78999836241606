// The order in which scores are selected: falling, NaN first, -0 equal to 0, ties by rising index. Two different indices
// never compare equal, so a heap gives the same list whatever its path.
#ifndef DETR4J_SCORE_ORDER_H
#define DETR4J_SCORE_ORDER_H

#include <stdint.h>
#include <string.h>

// An integer that grows with the score.
static inline int32_t score_key(float score) {
  int32_t bits;
  memcpy(&bits, &score, sizeof bits);
  if (score != score) {
    return INT32_MAX;
  }
  return bits == INT32_MIN ? 0 : bits < 0 ? bits ^ INT32_MAX : bits;
}

// Whether (a, index i) is selected before (b, index j).
static inline int score_before(float a, int32_t i, float b, int32_t j) {
  const int32_t ka = score_key(a), kb = score_key(b);
  return ka != kb ? ka > kb : i < j;
}

// Moves the entry at `at` down a heap whose root is the entry that is selected last.
static inline void score_sift(float *scores, int32_t *indices, int64_t size, int64_t at) {
  const float score = scores[at];
  const int32_t index = indices[at];
  for (;;) {
    int64_t child = 2 * at + 1;
    if (child >= size) {
      break;
    }
    if (child + 1 < size && score_before(scores[child], indices[child], scores[child + 1], indices[child + 1])) {
      child++;
    }
    if (!score_before(score, index, scores[child], indices[child])) {
      break;
    }
    scores[at] = scores[child];
    indices[at] = indices[child];
    at = child;
  }
  scores[at] = score;
  indices[at] = index;
}

static inline void score_heapify(float *scores, int32_t *indices, int64_t size) {
  for (int64_t at = size / 2 - 1; at >= 0; at--) {
    score_sift(scores, indices, size, at);
  }
}

// Turns such a heap into the list in order of selection.
static inline void score_unheap(float *scores, int32_t *indices, int64_t size) {
  for (int64_t last = size - 1; last > 0; last--) {
    const float score = scores[0];
    const int32_t index = indices[0];
    scores[0] = scores[last];
    indices[0] = indices[last];
    scores[last] = score;
    indices[last] = index;
    score_sift(scores, indices, last, 0);
  }
}

#endif // DETR4J_SCORE_ORDER_H
