// Sine position embedding of a map, plus a level embedding.
//
// Along a row of the map the code of y has two values only: inside the valid columns and outside. It is computed at the first
// cell of each stretch and copied from there; the code of x is computed for each cell. The coordinate is made in fp32 in the
// order of the projects, because outside the valid part it is an offset divided by 1e-6, whose sine hangs on the last bit.

#include "kernel.h"
#include "sine_code.h"
#include "tiles.h"

// count: valid rows (columns) up to here; total: valid rows (columns) in all, 0 where the other axis has left the valid part.
static float coordinate(int32_t count, int32_t total, float offset) {
  return ((float)count + offset) / ((float)total + 1e-6f) * 6.283185307179586f;
}

static void add_to(float *out, const float *addend, int64_t n) {
  if (addend != NULL) {
    for (int64_t i = 0; i < n; i++) {
      out[i] += addend[i];
    }
  }
}

int64_t KERNEL(detr4j_sine_position_f32_tiles)(const detr4j_sine_position *p) {
  return row_tiles(p->batch, p->height, 1);
}

int32_t KERNEL(detr4j_sine_position_f32)(const detr4j_sine_position *p, int64_t tile) {
  row_range range;
  if (p->features < 2 || p->features % 2 != 0 || !rows_of_tile(&range, tile, p->batch, p->height, 1)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int32_t row = (int32_t)range.begin;
  const int32_t valid_h = p->valid[2 * range.item], valid_w = p->valid[2 * range.item + 1];
  const int64_t features = p->features;
  const float *addend_x = p->addend == NULL ? NULL : p->addend + features;
  float *first = p->out + range.item * p->out_batch_stride + range.begin * p->width * p->out_row_stride;
  const float *y_code = NULL; // the code of y of this stretch, in the output already
  for (int32_t column = 0; column < p->width; column++) {
    float *out = first + column * p->out_row_stride;
    if (y_code == NULL || column == valid_w) {
      const int in_columns = column < valid_w;
      const int32_t count = row + 1 < valid_h ? row + 1 : valid_h;
      sine_code(coordinate(in_columns ? count : 0, in_columns ? valid_h : 0, p->offset), p->divisors, features, out);
      add_to(out, p->addend, features);
      y_code = out;
    } else {
      memcpy(out, y_code, (size_t)features * sizeof(float));
    }
    const int in_rows = row < valid_h;
    const int32_t count = column + 1 < valid_w ? column + 1 : valid_w;
    sine_code(coordinate(in_rows ? count : 0, in_rows ? valid_w : 0, p->offset), p->divisors, features, out + features);
    add_to(out + features, addend_x, features);
  }
  return DETR4J_OK;
}
