// Non-maximum suppression, hard and soft, on one list of boxes.
//
// The boxes lie in scratch as five columns (xMin, yMin, xMax, yMax, area), shifted by label * (largest coordinate + 1) in fp32
// so that classes never meet; the overlap of one box with all that remain runs along the lanes.
//
// nms       sorted by score; each kept box marks the later ones that it covers.
// soft_nms  a box that is taken or dropped gets the score -infinity; the others stay in their original order, so the first largest
//           score is the first on ties. Each round is one pass: decay, drop, find the next largest. When a quarter of the
//           list is out, the others close ranks.
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

// What is left of soft_nms's list: entries 0 to `length`, of which `live` still compete. The score of every other one is -infinity,
// that of the lanes behind `length` too.
typedef struct contest {
  int64_t length, live;
  int64_t best; // the first of those with the largest score
} contest;

// The running result of a pass: per lane the largest score so far, where it was met first, and how many lanes still compete.
typedef struct tally {
  v_f32 score, live;
  v_i32 at;
} tally;

static tally start_tally(void) { return (tally){v_set1(-INFINITY), v_zero(), v_i32_set1(0)}; }

// Puts V_LANES scores in their place, -infinity for those that are not above the threshold (NaN is not).
V_INLINE void count_in(tally *t, columns *k, int64_t at, v_f32 scores, v_f32 score_threshold) {
  const v_mask lives = v_lt(score_threshold, scores);
  const v_f32 kept = v_select(lives, scores, v_set1(-INFINITY));
  const v_mask better = v_lt(t->score, kept);
  v_store(k->score + at, kept);
  t->live = v_add(t->live, v_select(lives, v_set1(1.0f), v_zero()));
  t->at = v_as_i32(v_select(better, v_as_f32(v_i32_set1((int32_t)at)), v_as_f32(t->at)));
  t->score = v_select(better, kept, t->score);
}

// The lanes' results into one: among equal scores the first entry.
static void decide(const tally *t, contest *c) {
  float score[V_LANES];
  int32_t at[V_LANES];
  v_store(score, t->score);
  v_i32_store(at, t->at);
  c->live = (int64_t)v_reduce_add(t->live);
  c->best = at[0];
  float largest = score[0];
  for (int64_t lane = 1; lane < V_LANES; lane++) {
    if (score[lane] > largest || (score[lane] == largest && at[lane] + lane < c->best)) {
      largest = score[lane];
      c->best = at[lane] + lane;
    }
  }
}

// Drops those that no longer compete; the others keep their order.
static void close_ranks(columns *k, contest *c) {
  int64_t left = 0;
  for (int64_t i = 0; i < c->length; i++) {
    if (k->score[i] == -INFINITY) {
      continue;
    }
    k->x0[left] = k->x0[i];
    k->y0[left] = k->y0[i];
    k->x1[left] = k->x1[i];
    k->y1[left] = k->y1[i];
    k->area[left] = k->area[i];
    k->score[left] = k->score[i];
    k->index[left] = k->index[i];
    left++;
  }
  for (int64_t i = left; i < round_up(left, V_LANES); i++) {
    k->score[i] = -INFINITY;
  }
  c->length = left;
}

// One pass over the list: every score times its decay against a box, and what competes after that.
static void decay_scores(const detr4j_nms *p, columns *k, const taken_box *box, contest *c) {
  const v_f32 sigma = v_set1(p->sigma), threshold = v_set1(p->iou_threshold), one = v_set1(1.0f);
  const v_f32 score_threshold = v_set1(p->score_threshold);
  tally t = start_tally();
  for (int64_t j = 0; j < c->length; j += V_LANES) {
    const v_f32 overlap = iou(box, k, j);
    v_f32 factor;
    if (p->decay == DETR4J_DECAY_GAUSSIAN) {
      factor = v_exp(v_div(v_sub(v_zero(), v_mul(overlap, overlap)), sigma));
    } else {
      const v_f32 lowered = p->decay == DETR4J_DECAY_LINEAR ? v_sub(one, overlap) : v_zero();
      factor = v_select(v_lt(threshold, overlap), lowered, one);
    }
    count_in(&t, k, j, v_mul(v_load(k->score + j), factor), score_threshold);
  }
  decide(&t, c);
}

int32_t KERNEL(detr4j_soft_nms_f32)(const detr4j_nms *p, void *scratch) {
  if (p->count < 0 || p->decay < DETR4J_DECAY_GAUSSIAN || p->decay > DETR4J_DECAY_HARD) {
    return DETR4J_ERROR_ARGUMENT;
  }
  columns k;
  cut(p, scratch, &k);
  const float step = class_step(p);
  pad(p, &k, 0);
  for (int32_t i = 0; i < p->count; i++) {
    put_box(p, &k, i, i, step);
    k.score[i] = p->scores[i];
  }
  for (int64_t i = p->count; i < padded_count(p); i++) {
    k.score[i] = -INFINITY;
  }
  contest c = {.length = p->count};
  tally t = start_tally();
  for (int64_t j = 0; j < c.length; j += V_LANES) {
    count_in(&t, &k, j, v_load(k.score + j), v_set1(p->score_threshold));
  }
  decide(&t, &c);
  int32_t kept = 0;
  while (c.live > 0) {
    p->kept_scores[kept] = k.score[c.best];
    p->kept[kept++] = k.index[c.best];
    const taken_box box = take(&k, c.best);
    k.score[c.best] = -INFINITY;
    if (4 * c.live < 3 * c.length) {
      close_ranks(&k, &c);
    }
    decay_scores(p, &k, &box, &c);
  }
  *p->kept_count = kept;
  return DETR4J_OK;
}
