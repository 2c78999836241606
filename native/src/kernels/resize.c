// Separable resize of RGB bytes in fixed point, then normalisation through a table: exact, so every tier gives the same bytes.
// Linear in fp32, the table comes first, and products and sums are rounded alike in every tier.
//
// horizontal  each source row to the new width, rounded and clamped to bytes, into workspace
//             (OpenCV's arithmetic: sums as they are, ints; linear in fp32: floats)
// vertical    each row of the padded output: sums of whole rows into 32-bit accumulators in scratch, COLUMNS of them at a time
//             (a compiler makes vectors of the inner loop), to bytes, through lookup, zeros to the right of and below the image
//
// Sums are made in unsigned arithmetic, which wraps where signed would be undefined; tables of at most 2^22 a weight never do.

#include "kernel.h"
#include "tiles.h"

enum { COLUMNS = 256 };

V_INLINE uint8_t to_byte(uint32_t sum, int32_t precision) {
  const int32_t value = (int32_t)sum >> precision;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

V_INLINE uint32_t rounding(int32_t precision) { return precision > 0 ? 1u << (precision - 1) : 0; }

// Two taps an axis, clamped to the image.
V_INLINE int two_taps(const detr4j_resize *p) { return p->arithmetic != DETR4J_RESIZE_ROUND_EACH_PASS; }

V_INLINE float unscaled(int32_t weight, int32_t precision) { return (float)weight / (float)(1u << precision); }

static int valid(const detr4j_resize *p) {
  return p->source_h >= 1 && p->source_w >= 1 && p->height >= 1 && p->width >= 1 && p->height <= p->padded_h &&
         p->width <= p->padded_w && p->precision_x >= 0 && p->precision_x < 31 && p->precision_y >= 0 && p->precision_y < 31 &&
         (p->start_x != NULL || p->width == p->source_w) && (p->start_y != NULL || p->height == p->source_h) &&
         (p->arithmetic == DETR4J_RESIZE_ROUND_EACH_PASS ||
          ((p->arithmetic == DETR4J_RESIZE_OPENCV_LINEAR || p->arithmetic == DETR4J_RESIZE_LINEAR_F32) && p->start_x != NULL && p->start_y != NULL && p->taps_x == 2 && p->taps_y == 2));
}

int64_t KERNEL(detr4j_resize_u8_workspace)(const detr4j_resize *p) {
  const int64_t size = two_taps(p) ? (int64_t)sizeof(int32_t) : 1;
  return p->start_x == NULL ? 0 : (int64_t)p->source_h * p->width * 3 * size;
}

int64_t KERNEL(detr4j_resize_u8_horizontal_tiles)(const detr4j_resize *p) {
  return p->start_x == NULL ? 0 : row_tiles(1, p->source_h, p->rows_per_tile);
}

// OpenCV's horizontal pass of one row: sums of two pixels within the row, not rounded.
V_INLINE void two_pixels(const detr4j_resize *p, const uint8_t *row, int32_t *out) {
  const int64_t last = p->source_w - 1;
  for (int64_t x = 0; x < p->width; x++) {
    const int64_t start = p->start_x[x];
    const uint8_t *left = row + (start < 0 ? 0 : min_i64(start, last)) * 3, *right = row + min_i64(start + 1, last) * 3;
    for (int c = 0; c < 3; c++) {
      out[3 * x + c] = p->weight_x[2 * x] * left[c] + p->weight_x[2 * x + 1] * right[c];
    }
  }
}

// The horizontal pass of one row in fp32: two pixels within the row, normalised first.
V_INLINE void mix_pixels(const detr4j_resize *p, const uint8_t *row, float *out) {
  const int64_t last = p->source_w - 1;
  for (int64_t x = 0; x < p->width; x++) {
    const int64_t start = p->start_x[x];
    const uint8_t *left = row + (start < 0 ? 0 : min_i64(start, last)) * 3, *right = row + min_i64(start + 1, last) * 3;
    const float near = unscaled(p->weight_x[2 * x], p->precision_x), far = unscaled(p->weight_x[2 * x + 1], p->precision_x);
    for (int c = 0; c < 3; c++) {
      out[3 * x + c] = near * p->lookup[256 * c + left[c]] + far * p->lookup[256 * c + right[c]];
    }
  }
}

int32_t KERNEL(detr4j_resize_u8_horizontal)(const detr4j_resize *p, int64_t tile) {
  row_range range;
  if (!valid(p) || p->start_x == NULL || !rows_of_tile(&range, tile, 1, p->source_h, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  for (int64_t y = range.begin; y < range.end; y++) {
    const uint8_t *row = p->pixels + y * p->pixels_row_stride;
    if (p->arithmetic == DETR4J_RESIZE_OPENCV_LINEAR) {
      two_pixels(p, row, (int32_t *)(void *)p->workspace + y * p->width * 3);
      continue;
    }
    if (p->arithmetic == DETR4J_RESIZE_LINEAR_F32) {
      mix_pixels(p, row, (float *)(void *)p->workspace + y * p->width * 3);
      continue;
    }
    uint8_t *out = p->workspace + y * p->width * 3;
    for (int64_t x = 0; x < p->width; x++) {
      const int32_t *weights = p->weight_x + x * p->taps_x;
      const uint8_t *pixel = row + (int64_t)p->start_x[x] * 3;
      uint32_t red = rounding(p->precision_x), green = red, blue = red;
      for (int32_t tap = 0; tap < p->count_x[x]; tap++, pixel += 3) {
        const uint32_t w = (uint32_t)weights[tap];
        red += w * pixel[0];
        green += w * pixel[1];
        blue += w * pixel[2];
      }
      out[3 * x] = to_byte(red, p->precision_x);
      out[3 * x + 1] = to_byte(green, p->precision_x);
      out[3 * x + 2] = to_byte(blue, p->precision_x);
    }
  }
  return DETR4J_OK;
}

int64_t KERNEL(detr4j_resize_u8_vertical_tiles)(const detr4j_resize *p) {
  return row_tiles(1, p->padded_h, p->rows_per_tile);
}

// The bytes of one image row.
int64_t KERNEL(detr4j_resize_u8_vertical_scratch)(const detr4j_resize *p) { return round_up((int64_t)p->width * 3, 64); }

// Bytes begin to begin + n of output row y. rows: the source of the pass, row_stride bytes apart.
V_INLINE void sum_rows(const detr4j_resize *p, const uint8_t *rows, int64_t row_stride, int64_t y, int64_t begin, int64_t n,
                       uint8_t *bytes) {
  uint32_t sums[COLUMNS];
  for (int64_t i = 0; i < n; i++) {
    sums[i] = rounding(p->precision_y);
  }
  for (int32_t tap = 0; tap < p->count_y[y]; tap++) {
    const uint32_t w = (uint32_t)p->weight_y[y * p->taps_y + tap];
    const uint8_t *restrict row = rows + (p->start_y[y] + tap) * row_stride + begin;
    for (int64_t i = 0; i < n; i++) {
      sums[i] += w * row[i];
    }
  }
  for (int64_t i = 0; i < n; i++) {
    bytes[begin + i] = to_byte(sums[i], p->precision_y);
  }
}

// OpenCV's vertical pass of output row y: each product is truncated before they are added.
V_INLINE void two_rows(const detr4j_resize *p, int64_t y, uint8_t *bytes) {
  const int64_t width = (int64_t)p->width * 3, last = p->source_h - 1, start = p->start_y[y];
  const int32_t *sums = (const int32_t *)(const void *)p->workspace;
  const int32_t *restrict above = sums + (start < 0 ? 0 : min_i64(start, last)) * width;
  const int32_t *restrict below = sums + min_i64(start + 1, last) * width;
  const int32_t upper = p->weight_y[2 * y], lower = p->weight_y[2 * y + 1];
  for (int64_t i = 0; i < width; i++) {
    const int32_t value = (((upper * (above[i] >> 4)) >> 16) + ((lower * (below[i] >> 4)) >> 16) + 2) >> 2;
    bytes[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

// The vertical pass of output row y in fp32.
V_INLINE void mix_rows(const detr4j_resize *p, int64_t y, float *restrict out) {
  const int64_t width = (int64_t)p->width * 3, last = p->source_h - 1, start = p->start_y[y];
  const float *rows = (const float *)(const void *)p->workspace;
  const float *restrict above = rows + (start < 0 ? 0 : min_i64(start, last)) * width;
  const float *restrict below = rows + min_i64(start + 1, last) * width;
  const float upper = unscaled(p->weight_y[2 * y], p->precision_y), lower = unscaled(p->weight_y[2 * y + 1], p->precision_y);
  for (int64_t i = 0; i < width; i++) {
    out[i] = upper * above[i] + lower * below[i];
  }
}

int32_t KERNEL(detr4j_resize_u8_vertical)(const detr4j_resize *p, int64_t tile, void *scratch) {
  row_range range;
  if (!valid(p) || !rows_of_tile(&range, tile, 1, p->padded_h, p->rows_per_tile)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const uint8_t *rows = p->start_x == NULL ? p->pixels : p->workspace;
  const int64_t row_stride = p->start_x == NULL ? p->pixels_row_stride : (int64_t)p->width * 3;
  const int64_t width = (int64_t)p->width * 3;
  for (int64_t y = range.begin; y < range.end; y++) {
    float *out = p->out + y * p->padded_w * 3;
    int64_t x = 0;
    if (y < p->height && p->arithmetic == DETR4J_RESIZE_LINEAR_F32) {
      mix_rows(p, y, out);
      x = width;
    } else if (y < p->height) {
      const uint8_t *bytes = rows + y * row_stride;
      if (p->arithmetic == DETR4J_RESIZE_OPENCV_LINEAR) {
        two_rows(p, y, scratch);
        bytes = scratch;
      } else if (p->start_y != NULL) {
        int64_t begin = 0;
        for (; begin + COLUMNS <= width; begin += COLUMNS) {
          sum_rows(p, rows, row_stride, y, begin, COLUMNS, scratch);
        }
        sum_rows(p, rows, row_stride, y, begin, width - begin, scratch);
        bytes = scratch;
      }
      for (; x < width; x += 3) {
        out[x] = p->lookup[bytes[x]];
        out[x + 1] = p->lookup[256 + bytes[x + 1]];
        out[x + 2] = p->lookup[512 + bytes[x + 2]];
      }
    }
    memset(out + x, 0, (size_t)(p->padded_w * (int64_t)3 - x) * sizeof(float));
  }
  return DETR4J_OK;
}
