// Soft-NMS (Bodla et al. 2017, Gaussian) in plain scalar C: the peer of target W7.
//
// The same algorithm as detr4j's kernels, one box at a time, as one would write it down: take the largest score, lower those of
// the boxes that are left by exp(-iou^2 / sigma), drop what is not above the threshold, and find the next largest on the way.
// Classes are kept apart by label * (largest coordinate + 1). Built with -O3 and nothing else by CompareKernels.

#include <math.h>
#include <stdint.h>

typedef struct entry {
  float x0, y0, x1, y1, area, score;
  int32_t index;
} entry;

static float iou(const entry *a, const entry *b) {
  const float x0 = a->x0 > b->x0 ? a->x0 : b->x0, y0 = a->y0 > b->y0 ? a->y0 : b->y0;
  const float x1 = a->x1 < b->x1 ? a->x1 : b->x1, y1 = a->y1 < b->y1 ? a->y1 : b->y1;
  const float width = x1 > x0 ? x1 - x0 : 0, height = y1 > y0 ? y1 - y0 : 0;
  const float common = width * height;
  return common / (a->area + b->area - common);
}

static int32_t suppress(int32_t count, const float *boxes, const float *scores, const int32_t *labels, float sigma, float threshold,
                        int skip_apart, float *kept_scores, int32_t *kept, entry *left) {
  float largest = -INFINITY;
  for (int64_t i = 0; i < 4 * (int64_t)count; i++) {
    largest = boxes[i] > largest ? boxes[i] : largest;
  }
  int32_t remaining = 0, best = 0;
  for (int32_t i = 0; i < count; i++) {
    if (scores[i] > threshold) {
      const float shift = (float)labels[i] * (largest + 1), *box = boxes + 4 * (int64_t)i;
      entry e = {box[0] + shift, box[1] + shift, box[2] + shift, box[3] + shift, 0, scores[i], i};
      e.area = (e.x1 - e.x0) * (e.y1 - e.y0);
      left[remaining] = e;
      best = e.score > left[best].score ? remaining : best;
      remaining++;
    }
  }
  int32_t selected = 0;
  while (remaining > 0) {
    const entry taken = left[best];
    const int32_t at = best;
    kept_scores[selected] = taken.score;
    kept[selected++] = taken.index;
    int32_t end = 0;
    best = 0;
    for (int32_t i = 0; i < remaining; i++) {
      if (i == at) {
        continue;
      }
      entry e = left[i];
      const float overlap = iou(&taken, &e);
      if (!skip_apart || overlap != 0) {
        e.score *= expf(-(overlap * overlap) / sigma);
      }
      if (e.score > threshold) {
        left[end] = e;
        best = e.score > left[best].score ? end : best;
        end++;
      }
    }
    remaining = end;
  }
  return selected;
}

// Boxes [count, 4] as xMin, yMin, xMax, yMax; kept_scores, kept and scratch have room for `count` entries, scratch 28 bytes each.
// Returns how many boxes were kept.
int32_t soft_nms(int32_t count, const float *boxes, const float *scores, const int32_t *labels, float sigma, float threshold,
                 float *kept_scores, int32_t *kept, void *scratch) {
  return suppress(count, boxes, scores, labels, sigma, threshold, 0, kept_scores, kept, scratch);
}

// The same, without the exponential where boxes do not meet.
int32_t soft_nms_skipping(int32_t count, const float *boxes, const float *scores, const int32_t *labels, float sigma,
                          float threshold, float *kept_scores, int32_t *kept, void *scratch) {
  return suppress(count, boxes, scores, labels, sigma, threshold, 1, kept_scores, kept, scratch);
}
