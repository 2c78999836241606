#include "harness.h"

// A random filter: windows that rise along the axis, weights of both signs that add up to 2^precision. Their magnitudes stay below
// 1.75 * 2^precision, so that a sum fits 32 bits as it does with real filters.
static void new_table(int64_t size, int64_t source, int32_t taps, int32_t precision, int32_t **start, int32_t **count, int32_t **weight) {
  *start = new_ints(size);
  *count = new_ints(size);
  *weight = new_ints(size * taps);
  for (int64_t i = 0; i < size; i++) {
    (*count)[i] = (int32_t)between(1, taps < source ? taps : source);
    (*start)[i] = (int32_t)((source - (*count)[i]) * i / (size > 1 ? size - 1 : 1));
    int32_t left = 1 << precision;
    for (int32_t t = 0; t < (*count)[i]; t++) {
      const int32_t w = t + 1 == (*count)[i] ? left : (int32_t)between(-(1 << precision) / 32, (1 << precision) / 16);
      (*weight)[i * taps + t] = w;
      left -= w;
    }
  }
}

static int64_t filtered(const int32_t *start, const int32_t *count, const int32_t *weight, int32_t taps, int32_t precision, int64_t i,
                        const uint8_t *source, int64_t step) {
  int64_t sum = INT64_C(1) << (precision - 1);
  for (int32_t t = 0; t < count[i]; t++) {
    sum += (int64_t)weight[i * taps + t] * source[(start[i] + t) * step];
  }
  sum >>= precision;
  return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

// Two taps an axis that mix a pixel and the next one; some begin before the first and end behind the last.
static void new_mix(int64_t size, int64_t source, int32_t **start, int32_t **count, int32_t **weight) {
  *start = new_ints(size);
  *count = new_ints(size);
  *weight = new_ints(size * 2);
  for (int64_t i = 0; i < size; i++) {
    (*start)[i] = (int32_t)between(-1, source - 1);
    (*count)[i] = 2;
    (*weight)[2 * i + 1] = (int32_t)(chance(4) ? 0 : between(0, 1 << 30));
    (*weight)[2 * i] = (1 << 30) - (*weight)[2 * i + 1];
  }
}

static int64_t within(int64_t at, int64_t extent) { return at < 0 ? 0 : at >= extent ? extent - 1 : at; }

static double mixed(const int32_t *weight, int64_t i, double first, double second) {
  return (double)(float)weight[2 * i] * 0x1p-30 * first + (double)(float)weight[2 * i + 1] * 0x1p-30 * second;
}

// Linear in fp32, both passes, against doubles.
static void linear_body(int32_t tier, int index) {
  detr4j_resize p = {.tier = tier, .arithmetic = DETR4J_RESIZE_LINEAR_F32, .taps_x = 2, .taps_y = 2, .precision_x = 30, .precision_y = 30};
  p.source_h = (int32_t)between(1, 20);
  p.source_w = (int32_t)between(1, 20);
  p.width = (int32_t)(index < 40 ? index + 1 : between(80, 190));
  p.height = (int32_t)between(1, 20);
  p.padded_w = p.width + (int32_t)between(0, 5);
  p.padded_h = p.height + (int32_t)between(0, 3);
  p.rows_per_tile = (int32_t)between(1, 7);
  p.pixels_row_stride = p.source_w * 3 + (chance(2) ? between(1, 7) : 0);
  const int64_t bytes = (p.source_h - 1) * p.pixels_row_stride + p.source_w * 3;
  uint8_t *pixels = guarded((size_t)bytes);
  for (int64_t i = 0; i < bytes; i++) {
    pixels[i] = (uint8_t)between(0, 255);
  }
  int32_t *start, *count, *weight;
  new_mix(p.width, p.source_w, &start, &count, &weight);
  p.start_x = start;
  p.count_x = count;
  p.weight_x = weight;
  new_mix(p.height, p.source_h, &start, &count, &weight);
  p.start_y = start;
  p.count_y = count;
  p.weight_y = weight;
  p.lookup = new_floats(768);
  p.pixels = pixels;
  p.workspace = guarded((size_t)detr4j_resize_u8_workspace(&p));
  float *out = new_floats((int64_t)p.padded_h * p.padded_w * 3);
  p.out = out;
  describe("%dx%d to %dx%d in fp32, padded %dx%d", p.source_w, p.source_h, p.width, p.height, p.padded_w, p.padded_h);
  RUN_TILES(detr4j_resize_u8_horizontal_tiles(&p), detr4j_resize_u8_horizontal(&p, tile));
  void *scratch = guarded_scratch(detr4j_resize_u8_vertical_scratch(&p));
  RUN_TILES(detr4j_resize_u8_vertical_tiles(&p), detr4j_resize_u8_vertical(&p, tile, scratch));
  for (int64_t y = 0; y < p.padded_h; y++) {
    for (int64_t i = 0; i < p.padded_w * 3; i++) {
      double expected = 0;
      if (y < p.height && i < p.width * 3) {
        double rows[2];
        for (int64_t r = 0; r < 2; r++) {
          const uint8_t *row = pixels + within(p.start_y[y] + r, p.source_h) * p.pixels_row_stride + i % 3;
          const float *lookup = p.lookup + 256 * (i % 3);
          const int64_t x = p.start_x[i / 3];
          rows[r] = mixed(p.weight_x, i / 3, (double)lookup[row[3 * within(x, p.source_w)]], (double)lookup[row[3 * within(x + 1, p.source_w)]]);
        }
        expected = mixed(p.weight_y, y, rows[0], rows[1]);
      }
      // Four roundings of at most half a unit of values below 1 or so.
      expect_close("out", 0, y, i, expected, out[y * p.padded_w * 3 + i], 5e-7);
    }
  }
  p.taps_y = 3;
  expect_int("status of three taps", 0, DETR4J_ERROR_ARGUMENT, detr4j_resize_u8_vertical(&p, 0, scratch));
}

typedef struct fixture {
  detr4j_resize p;
  uint8_t *pixels, *between_passes;
} fixture;

static fixture make(int32_t tier, int index) {
  fixture f = {.p = {.tier = tier}};
  detr4j_resize *p = &f.p;
  p->source_h = (int32_t)between(1, 20);
  p->source_w = (int32_t)between(1, 20);
  const int horizontal = index % 4 != 1, vertical = index % 4 != 2;
  p->width = horizontal ? (int32_t)(index < 40 ? index + 1 : between(80, 190)) : p->source_w;
  p->height = vertical ? (int32_t)between(1, 20) : p->source_h;
  p->padded_w = p->width + (int32_t)between(0, 5);
  p->padded_h = p->height + (int32_t)between(0, 3);
  p->taps_x = (int32_t)between(1, 9);
  p->taps_y = (int32_t)between(1, 9);
  p->precision_x = chance(2) ? 22 : (int32_t)between(8, 22);
  p->precision_y = chance(2) ? 22 : (int32_t)between(8, 22);
  p->rows_per_tile = (int32_t)between(1, 7);
  p->pixels_row_stride = p->source_w * 3 + (chance(2) ? between(1, 7) : 0);
  const int64_t bytes = (p->source_h - 1) * p->pixels_row_stride + p->source_w * 3;
  f.pixels = guarded((size_t)bytes);
  for (int64_t i = 0; i < bytes; i++) {
    f.pixels[i] = (uint8_t)(chance(3) ? chance(2) * 255 : between(0, 255));
  }
  int32_t *start, *count, *weight;
  if (horizontal) {
    new_table(p->width, p->source_w, p->taps_x, p->precision_x, &start, &count, &weight);
    p->start_x = start;
    p->count_x = count;
    p->weight_x = weight;
  }
  if (vertical) {
    new_table(p->height, p->source_h, p->taps_y, p->precision_y, &start, &count, &weight);
    p->start_y = start;
    p->count_y = count;
    p->weight_y = weight;
  }
  p->lookup = new_floats(768);
  p->pixels = f.pixels;
  p->workspace = guarded((size_t)detr4j_resize_u8_workspace(p));
  describe("%dx%d to %dx%d, padded %dx%d, taps %d and %d", p->source_w, p->source_h, p->width, p->height, p->padded_w, p->padded_h,
           p->taps_x, p->taps_y);
  f.between_passes = guarded((size_t)p->source_h * (size_t)p->width * 3);
  for (int64_t y = 0; y < p->source_h; y++) {
    for (int64_t i = 0; i < p->width * 3; i++) {
      const uint8_t *row = f.pixels + y * p->pixels_row_stride;
      f.between_passes[y * p->width * 3 + i] =
          horizontal ? (uint8_t)filtered(p->start_x, p->count_x, p->weight_x, p->taps_x, p->precision_x, i / 3, row + i % 3, 3) : row[i];
    }
  }
  return f;
}

static void run_horizontal(const fixture *f) {
  RUN_TILES(detr4j_resize_u8_horizontal_tiles(&f->p), detr4j_resize_u8_horizontal(&f->p, tile));
}

static void horizontal_body(int32_t tier, int index) {
  fixture f = make(tier, index);
  run_horizontal(&f);
  for (int64_t i = 0; i < detr4j_resize_u8_workspace(&f.p); i++) {
    expect_int("workspace", i, f.between_passes[i], f.p.workspace[i]);
  }
}

static void vertical_body(int32_t tier, int index) {
  fixture f = make(tier, index);
  detr4j_resize *p = &f.p;
  float *out = new_floats((int64_t)p->padded_h * p->padded_w * 3);
  p->out = out;
  run_horizontal(&f);
  void *scratch = guarded_scratch(detr4j_resize_u8_vertical_scratch(p));
  RUN_TILES(detr4j_resize_u8_vertical_tiles(p), detr4j_resize_u8_vertical(p, tile, scratch));
  for (int64_t y = 0; y < p->padded_h; y++) {
    for (int64_t i = 0; i < p->padded_w * 3; i++) {
      float expected = 0;
      if (y < p->height && i < p->width * 3) {
        const int64_t step = (int64_t)p->width * 3;
        const int64_t byte = p->start_y == NULL ? f.between_passes[y * step + i]
                                                : filtered(p->start_y, p->count_y, p->weight_y, p->taps_y, p->precision_y, y,
                                                           f.between_passes + i, step);
        expected = p->lookup[256 * (i % 3) + byte];
      }
      expect_close("out", 0, y, i, (double)expected, out[y * p->padded_w * 3 + i], 0);
    }
  }
}

void test_detr4j_resize_u8_horizontal(int32_t tier) { run_cases("resize_horizontal", tier, 80, horizontal_body); }
void test_detr4j_resize_u8_vertical(int32_t tier) {
  run_cases("resize_vertical", tier, 80, vertical_body);
  run_cases("resize_linear", tier, 80, linear_body);
}
