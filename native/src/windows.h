/*
 * The windows of output pixels as rows of bf16 words: a convolution is then a plain matrix product of those rows with the panels.
 *
 *   a row:  [groups][words of kernel_h x kernel_w x channels of a group, up to a multiple of WINDOW_STEP][padding]
 *
 * What fills a group's words up is 0. The padding keeps rows of one register tile out of one set of the L1 cache.
 */
#ifndef DETR4J_WINDOWS_H
#define DETR4J_WINDOWS_H

#include "kernel.h"
#include "products.h"

#if !defined(WINDOW_STEP)
#define WINDOW_STEP 1
#endif

enum { WINDOW_PADDING = 16 };

typedef struct windows {
  int64_t group_in;
  int64_t depth;       /* values of a window in one group */
  int64_t group_words; /* from one group to the next */
  int64_t row_words;   /* from one pixel's row to the next */
  int contiguous;      /* a kernel row lies in one piece */
} windows;

static inline windows windows_of(const detr4j_conv2d *p) {
  windows w = {.group_in = p->in_c / p->groups};
  w.depth = (int64_t)p->kernel_h * p->kernel_w * w.group_in;
  w.group_words = round_up(words_of(w.depth), WINDOW_STEP);
  w.row_words = round_up(p->groups * w.group_words, WINDOW_PADDING) + WINDOW_PADDING;
  w.contiguous = p->groups == 1 && p->dilation == 1 && p->x_row_stride == p->in_c;
  return w;
}

/* One row of the kernel over one row of the map, or over none where that is outside. */
V_INLINE uint16_t *put_kernel_row(
    const detr4j_conv2d *p, const windows *w, const void *map_row, int64_t column, uint16_t *to) {
  if (map_row == NULL) return put_zeros(to, p->kernel_w * w->group_in);
  if (w->contiguous && column >= 0 && column + p->kernel_w <= p->in_w) {
    return put_values(to, map_at(map_row, p->x_type, column * p->x_row_stride), p->x_type, p->kernel_w * w->group_in);
  }
  for (int64_t kx = 0; kx < p->kernel_w; kx++) {
    const int64_t from = column + kx * p->dilation;
    to = from >= 0 && from < p->in_w ? put_values(to, map_at(map_row, p->x_type, from * p->x_row_stride), p->x_type, w->group_in)
                                     : put_zeros(to, w->group_in);
  }
  return to;
}

/* The windows of output pixels first to first + count. */
static void copy_windows(const detr4j_conv2d *p, const windows *w, const void *x, int64_t first, int64_t count, float *rows) {
  int64_t oy = first / p->out_w, ox = first % p->out_w;
  for (int64_t r = 0; r < count; r++, rows += w->row_words) {
    const int64_t column = ox * p->stride - p->padding;
    for (int64_t group = 0; group < p->groups; group++) {
      uint16_t *to = (uint16_t *)(rows + group * w->group_words);
      for (int64_t ky = 0; ky < p->kernel_h; ky++) {
        const int64_t y = oy * p->stride - p->padding + ky * p->dilation;
        const void *map_row =
            y < 0 || y >= p->in_h ? NULL : map_at(x, p->x_type, y * p->in_w * p->x_row_stride + group * w->group_in);
        to = put_kernel_row(p, w, map_row, column, to);
      }
      put_zeros(to, WORD_VALUES * w->group_words - w->depth);
    }
    if (++ox == p->out_w) {
      ox = 0;
      oy++;
    }
  }
}

#endif /* DETR4J_WINDOWS_H */
