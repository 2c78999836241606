// Non-maximum suppression, hard and soft, on one list of boxes.
//
// The boxes lie in scratch as five columns (xMin, yMin, xMax, yMax, area), shifted by label * (largest coordinate + 1) in fp32
// so that classes never meet; the overlap of one box with all that remain runs along the lanes.
//
// nms       sorted by score; each kept box marks the later ones that it covers.
// soft_nms  the remaining boxes stay in their original order and close ranks when one is taken or dropped, so the first
//           largest score is the first on ties. Each round: decay (vectors), then close ranks and find the next largest.
//
// A comparison with an IoU of NaN is false: an empty union suppresses nothing in nms. In soft_nms the Gaussian of NaN is NaN, and a
// score that is not greater than the threshold is dropped. Columns are padded, never read beyond their padding.

#include "kernel.h"
#include "score_order.h"

typedef struct columns {
  float *x0, *y0, *x1, *y1, *area, *score;
  int32_t *index; // in the caller's list
} columns;

static int64_t padded_count(const detr4j_nms *p) { return round_up(p->count, 16); }

int64_t KERNEL(detr4j_nms_f32_scratch)(const detr4j_nms *p) { return p->count < 0 ? 0 : padded_count(p) * 8 * 4; }

// Cuts scratch into columns; the eighth is returned for the caller's own use.
static void *cut(const detr4j_nms *p, void *scratch, columns *k) {
  const int64_t stride = padded_count(p);
  float *column = scratch;
  k->x0 = column;
  k->y0 = column + stride;
  k->x1 = column + 2 * stride;
  k->y1 = column + 3 * stride;
  k->area = column + 4 * stride;
  k->score = column + 5 * stride;
  k->index = (int32_t *)(void *)(column + 6 * stride);
  return column + 7 * stride;
}

// What a step of one label adds to the coordinates: the largest coordinate + 1.
static float class_step(const detr4j_nms *p) {
  float largest = -INFINITY;
  for (int64_t i = 0; i < 4 * (int64_t)p->count; i++) {
    largest = p->boxes[i] > largest || p->boxes[i] != p->boxes[i] ? p->boxes[i] : largest;
    if (largest != largest) {
      break;
    }
  }
  return largest + 1;
}

static void put_box(const detr4j_nms *p, columns *k, int64_t at, int32_t index, float step) {
  const float shift = (float)p->labels[index] * step;
  const float *box = p->boxes + 4 * (int64_t)index;
  k->x0[at] = box[0] + shift;
  k->y0[at] = box[1] + shift;
  k->x1[at] = box[2] + shift;
  k->y1[at] = box[3] + shift;
  k->area[at] = (k->x1[at] - k->x0[at]) * (k->y1[at] - k->y0[at]);
  k->index[at] = index;
}

// The box that others are compared with, in every lane.
typedef struct taken_box {
  v_f32 x0, y0, x1, y1, area;
} taken_box;

static taken_box take(const columns *k, int64_t at) {
  return (taken_box){v_set1(k->x0[at]), v_set1(k->y0[at]), v_set1(k->x1[at]), v_set1(k->y1[at]), v_set1(k->area[at])};
}

// IoU of a taken box with V_LANES boxes of the columns. NaN coordinates come out through the areas.
V_INLINE v_f32 iou(const taken_box *a, const columns *k, int64_t at) {
  const v_f32 width = v_sub(v_min(v_load(k->x1 + at), a->x1), v_max(v_load(k->x0 + at), a->x0));
  const v_f32 height = v_sub(v_min(v_load(k->y1 + at), a->y1), v_max(v_load(k->y0 + at), a->y0));
  const v_f32 common = v_mul(v_max(width, v_zero()), v_max(height, v_zero()));
  return v_div(common, v_sub(v_add(a->area, v_load(k->area + at)), common));
}

// Zeros from `count` to the end of the padding, so that whole vectors can be read.
static void pad(const detr4j_nms *p, columns *k, int64_t count) {
  for (int64_t i = count; i < padded_count(p); i++) {
    k->x0[i] = k->y0[i] = k->x1[i] = k->y1[i] = k->area[i] = k->score[i] = 0;
  }
}

int32_t KERNEL(detr4j_nms_f32)(const detr4j_nms *p, void *scratch) {
  if (p->count < 0) {
    return DETR4J_ERROR_ARGUMENT;
  }
  columns k;
  float *covered = cut(p, scratch, &k); // 1 where a kept box covers this one
  const float step = class_step(p);
  for (int32_t i = 0; i < p->count; i++) {
    k.score[i] = p->scores[i];
    k.index[i] = i;
  }
  score_heapify(k.score, k.index, p->count);
  score_unheap(k.score, k.index, p->count);
  for (int64_t i = 0; i < p->count; i++) {
    put_box(p, &k, i, k.index[i], step);
  }
  pad(p, &k, p->count);
  memset(covered, 0, (size_t)padded_count(p) * sizeof(float));
  const v_f32 threshold = v_set1(p->iou_threshold), one = v_set1(1.0f);
  int32_t kept = 0;
  for (int64_t i = 0; i < p->count; i++) {
    if (covered[i] != 0) {
      continue;
    }
    p->kept[kept++] = k.index[i];
    const taken_box box = take(&k, i);
    for (int64_t j = (i + 1) / V_LANES * V_LANES; j < p->count; j += V_LANES) { // those before i are decided already
      const v_f32 mark = v_select(v_lt(threshold, iou(&box, &k, j)), one, v_load(covered + j));
      v_store(covered + j, mark);
    }
  }
  *p->kept_count = kept;
  return DETR4J_OK;
}

// Multiplies the first `count` scores (and padding) by their decay against a box.
static void decay_scores(const detr4j_nms *p, columns *k, const taken_box *box, int64_t count) {
  const v_f32 sigma = v_set1(p->sigma), threshold = v_set1(p->iou_threshold), one = v_set1(1.0f);
  for (int64_t j = 0; j < count; j += V_LANES) {
    const v_f32 overlap = iou(box, k, j);
    v_f32 factor;
    if (p->decay == DETR4J_DECAY_GAUSSIAN) {
      factor = v_exp(v_div(v_sub(v_zero(), v_mul(overlap, overlap)), sigma));
    } else {
      const v_f32 lowered = p->decay == DETR4J_DECAY_LINEAR ? v_sub(one, overlap) : v_zero();
      factor = v_select(v_lt(threshold, overlap), lowered, one);
    }
    v_store(k->score + j, v_mul(v_load(k->score + j), factor));
  }
}

// Moves entry `from` to `to`.
static void move(columns *k, int64_t to, int64_t from) {
  k->x0[to] = k->x0[from];
  k->y0[to] = k->y0[from];
  k->x1[to] = k->x1[from];
  k->y1[to] = k->y1[from];
  k->area[to] = k->area[from];
  k->score[to] = k->score[from];
  k->index[to] = k->index[from];
}

// Drops what is not above the threshold and the entry `taken` (-1: none), keeping the order; *best becomes the first largest.
static int64_t close_ranks(const detr4j_nms *p, columns *k, int64_t count, int64_t taken, int64_t *best) {
  int64_t left = 0;
  *best = 0;
  for (int64_t i = 0; i < count; i++) {
    if (i == taken || !(k->score[i] > p->score_threshold)) {
      continue;
    }
    if (left != i) {
      move(k, left, i);
    }
    if (k->score[left] > k->score[*best]) {
      *best = left;
    }
    left++;
  }
  return left;
}

int32_t KERNEL(detr4j_soft_nms_f32)(const detr4j_nms *p, void *scratch) {
  if (p->count < 0 || p->decay < DETR4J_DECAY_GAUSSIAN || p->decay > DETR4J_DECAY_HARD) {
    return DETR4J_ERROR_ARGUMENT;
  }
  columns k;
  cut(p, scratch, &k);
  const float step = class_step(p);
  for (int32_t i = 0; i < p->count; i++) {
    put_box(p, &k, i, i, step);
    k.score[i] = p->scores[i];
  }
  pad(p, &k, p->count);
  int32_t kept = 0;
  int64_t best;
  int64_t left = close_ranks(p, &k, p->count, -1, &best);
  while (left > 0) {
    p->kept_scores[kept] = k.score[best];
    p->kept[kept++] = k.index[best];
    const taken_box box = take(&k, best);
    decay_scores(p, &k, &box, left);
    left = close_ranks(p, &k, left, best, &best);
  }
  *p->kept_count = kept;
  return DETR4J_OK;
}
