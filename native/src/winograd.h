/*
 * 3x3 convolution, stride 1, by Winograd's minimal filtering F(m x m, 3x3) (Lavin and Gray 2016), m = EDGE: (m + 2)^2 products for m^2
 * output pixels in place of 9 m^2, the rest is additions. Before a kernel file includes this, it defines EDGE, the name WINOGRAD
 * without precision, and the two line transforms:
 *
 *   transform_input_line(d, v)    v = B^T d, m + 2 vectors to as many
 *   transform_output_line(m, y)   y = A^T m, m + 2 vectors to m
 *
 *   d = (m + 2)^2 input pixels      V = B^T d B      M = sum over channels of U * V, element by element      Y = A^T M A = m^2 output pixels
 *
 *   +---+---+---+---+
 *   | d | d | d | d |     m = 2. U = G g G^T of each kernel g is in the packed weights.
 *   +---+===+===+---+
 *   | d I   |   I d |     Squares Y lie side by side from the first pixel on; their ds overlap by two pixels. What is outside the
 *   +---+   Y   +---+     map is read from a row of zeros, what is outside the output is not stored.
 *   | d I   |   I d |
 *   +---+===+===+---+
 *   | d | d | d | d |
 *   +---+---+---+---+
 *
 * A tile is a block of squares by some panels of output channels. (1) V of the block goes to scratch as [elements][squares][in_c]:
 * channels are lanes. (2) For a panel, or two at once, each element is a plain matrix product, M[element] =
 * V[element] * U[panel][element], through gemm_tile.h. (3) The products of each square become its pixels, and finish.h does the
 * rest. V and M are to stay in the L2 cache: the caller sizes the block so. One element's slice of the panel
 * serves all squares of the block before the next is touched, so U streams by once for a block.
 *
 * Scratch: [zeros][pointers][V][M], each on a 64-byte boundary; the rows of V are padded so that those of one register tile do
 * not share a set of the L1 cache, and so are the parts of M.
 *
 * With bf16 products (products.h) U and V are bf16, all else is fp32.
 */
#ifndef DETR4J_WINOGRAD_H
#define DETR4J_WINOGRAD_H

#include "finish.h"
#include "gemm_tile.h"
#include "kernel.h"
#include "products.h"

#define UNROLL_WINDOW UNROLL_TILE /* what they index is to be in registers, as rows of accumulators are */

enum {
  WINDOW = EDGE + 2,          // input pixels under a square, along one axis
  ELEMENTS = WINDOW * WINDOW, // of U, V and M
  PADDING_WORDS = 16,
  ALIGNMENT = 64
};

typedef struct winograd_plan {
  int64_t squares_w, squares; // of one output map
  int64_t block_squares;      // of a tile; the last one of a map may have fewer
  int64_t square_blocks, panels, panel_blocks;
  int64_t words;            // of the channels of one row of V
  int64_t v_row, v_element; // words from one square's row of V to the next, from one element to the next
  int64_t m_element, m_panel;
  int64_t zeros_bytes, pointers_bytes, v_bytes, m_bytes;
} winograd_plan;

static int plan_winograd(const detr4j_conv2d *p, winograd_plan *plan) {
  if (p->batch < 0 || p->in_h < 0 || p->in_w < 0 || p->in_c < 1 || p->out_h < 0 || p->out_w < 0 || p->out_c < 1) return 0;
  if (p->kernel_h != 3 || p->kernel_w != 3 || p->stride != 1 || p->dilation != 1 || p->groups != 1) return 0;
  if (p->padding < 0 || p->rows_per_tile < 1 || p->panels_per_tile < 1 || p->row_mask_mode != DETR4J_ROW_MASK_NONE) return 0;
  if (p->activation < DETR4J_ACTIVATION_NONE || p->activation > DETR4J_ACTIVATION_SILU) return 0;
  // No window of an output pixel leaves the padded map.
  if ((int64_t)p->out_h + 2 > (int64_t)p->in_h + 2 * (int64_t)p->padding && p->out_h > 0) return 0;
  if ((int64_t)p->out_w + 2 > (int64_t)p->in_w + 2 * (int64_t)p->padding && p->out_w > 0) return 0;

  plan->squares_w = ceil_div(p->out_w, EDGE);
  plan->squares = plan->squares_w * ceil_div(p->out_h, EDGE);
  plan->block_squares = min_i64(p->rows_per_tile, plan->squares);
  plan->square_blocks = ceil_div(plan->squares, p->rows_per_tile);
  plan->panels = ceil_div(p->out_c, TILE_COLUMNS);
  plan->panel_blocks = ceil_div(plan->panels, p->panels_per_tile);
  plan->words = words_of(p->in_c);
  plan->v_row = round_up(plan->words, PADDING_WORDS) + PADDING_WORDS;
  plan->v_element = plan->block_squares * plan->v_row;
  plan->m_panel = plan->block_squares * TILE_COLUMNS;
  plan->m_element = MAX_PANELS * plan->m_panel + PADDING_WORDS;
  plan->zeros_bytes = round_up(p->in_c * (int64_t)sizeof(float), ALIGNMENT);
  plan->pointers_bytes = round_up(plan->block_squares * (int64_t)sizeof(float *), ALIGNMENT);
  plan->v_bytes = ELEMENTS * plan->v_element * (int64_t)sizeof(float);
  plan->m_bytes = ELEMENTS * plan->m_element * (int64_t)sizeof(float);
  return 1;
}

int64_t PRODUCTS_KERNEL(WINOGRAD, _tiles)(const detr4j_conv2d *p) {
  winograd_plan plan;
  if (!plan_winograd(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return p->batch * plan.square_blocks * plan.panel_blocks;
}

int64_t PRODUCTS_KERNEL(WINOGRAD, _scratch)(const detr4j_conv2d *p) {
  winograd_plan plan;
  if (!plan_winograd(p, &plan)) return DETR4J_ERROR_ARGUMENT;
  return plan.zeros_bytes + plan.pointers_bytes + plan.v_bytes + plan.m_bytes;
}

// V of one vector of n channels; d[WINDOW y + x] is where pixel (y, x) of the window begins.
V_INLINE void transform_channels(
    const void *const *d, const int32_t type, int64_t channel, int64_t n, float *v, int64_t v_element) {
  v_f32 t[WINDOW][WINDOW]; // t[x] = B^T times column x of d
  UNROLL_WINDOW
  for (int x = 0; x < WINDOW; x++) {
    v_f32 column[WINDOW];
    UNROLL_WINDOW
    for (int y = 0; y < WINDOW; y++) column[y] = load_map(map_at(d[WINDOW * y + x], type, channel), type, n);
    transform_input_line(column, t[x]);
  }
  UNROLL_WINDOW
  for (int y = 0; y < WINDOW; y++, v += WINDOW * v_element) { // V = t B
    v_f32 row[WINDOW], line[WINDOW];
    UNROLL_WINDOW
    for (int x = 0; x < WINDOW; x++) row[x] = t[x][y];
    transform_input_line(row, line);
    UNROLL_WINDOW
    for (int x = 0; x < WINDOW; x++) store_channels(v + x * v_element, channel, line[x], n);
  }
}

// V of squares first to first + count.
V_INLINE void transform_map(
    const detr4j_conv2d *p, const winograd_plan *plan, const int32_t type, const void *x, int64_t first, int64_t count,
    const float *zeros, float *v) {
  int64_t row = first / plan->squares_w, column = first % plan->squares_w;
  for (int64_t s = 0; s < count; s++, v += plan->v_row) {
    const void *d[ELEMENTS];
    for (int64_t i = 0; i < ELEMENTS; i++) {
      const int64_t in_y = EDGE * row - p->padding + i / WINDOW, in_x = EDGE * column - p->padding + i % WINDOW;
      const int inside = in_y >= 0 && in_y < p->in_h && in_x >= 0 && in_x < p->in_w;
      d[i] = inside ? map_at(x, type, (in_y * p->in_w + in_x) * p->x_row_stride) : zeros;
    }
    int64_t channel = 0;
    for (; channel + V_LANES <= p->in_c; channel += V_LANES) {
      transform_channels(d, type, channel, V_LANES, v, plan->v_element);
    }
    if (channel < p->in_c) transform_channels(d, type, channel, p->in_c - channel, v, plan->v_element);
    if (++column == plan->squares_w) {
      column = 0;
      row++;
    }
  }
}

static void transform_input(
    const detr4j_conv2d *p, const winograd_plan *plan, int64_t item, int64_t first, int64_t count, const float *zeros,
    float *v) {
  const void *x = map_at(p->x, p->x_type, item * p->x_batch_stride);
  if (MAP_TYPE(p->x_type) == DETR4J_TYPE_BF16) {
    transform_map(p, plan, DETR4J_TYPE_BF16, x, first, count, zeros, v);
  } else {
    transform_map(p, plan, DETR4J_TYPE_F32, x, first, count, zeros, v);
  }
}

// A^T M A of one vector of output channels: y[EDGE row + column].
V_INLINE void transform_output(const float *m, int64_t m_element, v_f32 *y) {
  v_f32 t[WINDOW][EDGE]; // t[x] = A^T times column x of M
  UNROLL_WINDOW
  for (int x = 0; x < WINDOW; x++) {
    v_f32 column[WINDOW];
    UNROLL_WINDOW
    for (int i = 0; i < WINDOW; i++) column[i] = v_load(m + (WINDOW * i + x) * m_element);
    transform_output_line(column, t[x]);
  }
  UNROLL_WINDOW
  for (int r = 0; r < EDGE; r++) {
    v_f32 row[WINDOW];
    UNROLL_WINDOW
    for (int x = 0; x < WINDOW; x++) row[x] = t[x][r];
    transform_output_line(row, y + EDGE * r);
  }
}

// Where the columns of one panel go, and what is added to them.
typedef struct panel_output {
  const float *bias, *residual;
  void *out;
  int64_t columns;
} panel_output;

// The pixels of squares first to first + count from their products, in panel i of those that to has.
static void store_squares(
    const detr4j_conv2d *p, const winograd_plan *plan, const panel_output *to, int64_t i, int64_t first, int64_t count,
    const float *m) {
  const int64_t columns = min_i64(TILE_COLUMNS, to->columns - i * TILE_COLUMNS);
  const float *bias = to->bias == NULL ? NULL : to->bias + i * TILE_COLUMNS;
  const float *residual = to->residual == NULL ? NULL : to->residual + i * TILE_COLUMNS;
  void *out = map_at_mutable(to->out, p->out_type, i * TILE_COLUMNS);
  int64_t row = first / plan->squares_w, column = first % plan->squares_w;
  for (int64_t s = 0; s < count; s++, m += TILE_COLUMNS) {
    v_f32 left[EDGE * EDGE], right[EDGE * EDGE];
    transform_output(m, plan->m_element, left);
    transform_output(m + V_LANES, plan->m_element, right);
    for (int at = 0; at < EDGE * EDGE; at++) {
      const int64_t out_y = EDGE * row + at / EDGE, out_x = EDGE * column + at % EDGE, pixel = out_y * p->out_w + out_x;
      if (out_y >= p->out_h || out_x >= p->out_w) continue;
      finish_channels(
          p, left[at], right[at], bias, residual == NULL ? NULL : residual + pixel * p->residual_row_stride,
          map_at_mutable(out, p->out_type, pixel * p->out_row_stride), columns);
    }
    if (++column == plan->squares_w) {
      column = 0;
      row++;
    }
  }
}

// The lines that squares first to first + count will be stored to are on their way while the last products run.
static void prefetch_squares(
    const detr4j_conv2d *p, const winograd_plan *plan, const panel_output *to, int64_t first, int64_t count) {
  int64_t row = first / plan->squares_w, column = first % plan->squares_w;
  for (int64_t s = 0; s < count; s++) {
    for (int64_t y = EDGE * row; y < min_i64(EDGE * row + EDGE, p->out_h); y++) {
      for (int64_t x = EDGE * column; x < min_i64(EDGE * column + EDGE, p->out_w); x++) {
        prefetch_output(p, map_at(to->out, p->out_type, (y * p->out_w + x) * p->out_row_stride), to->columns);
      }
    }
    if (++column == plan->squares_w) {
      column = 0;
      row++;
    }
  }
}

int32_t PRODUCTS_KERNEL(WINOGRAD, )(const detr4j_conv2d *p, int64_t tile, void *scratch) {
  winograd_plan plan;
  if (!plan_winograd(p, &plan) || tile < 0 || tile >= p->batch * plan.square_blocks * plan.panel_blocks) {
    return DETR4J_ERROR_ARGUMENT;
  }
  if (p->x == NULL || p->weight == NULL || p->out == NULL || scratch == NULL) return DETR4J_ERROR_ARGUMENT;

  const int64_t item = tile / (plan.square_blocks * plan.panel_blocks);
  const int64_t first = tile / plan.panel_blocks % plan.square_blocks * p->rows_per_tile;
  const int64_t count = min_i64(p->rows_per_tile, plan.squares - first);
  const int64_t first_panel = tile % plan.panel_blocks * p->panels_per_tile;
  const int64_t end_panel = min_i64(first_panel + p->panels_per_tile, plan.panels);

  float *zeros = scratch;
  const float **rows = (const float **)((char *)scratch + plan.zeros_bytes);
  float *v = (float *)((char *)rows + plan.pointers_bytes);
  float *m = (float *)((char *)v + plan.v_bytes);
  memset(zeros, 0, (size_t)plan.zeros_bytes);
  for (int64_t s = 0; s < count; s++) rows[s] = v + s * plan.v_row;
  transform_input(p, &plan, item, first, count, zeros, v);

  gemm_tile product = {.rows = rows, .pitch = plan.block_squares, .taps = 1, .depth = plan.words,
                       .panel_pitch = ELEMENTS * plan.words * TILE_COLUMNS};
  for (int64_t panel = first_panel, panels; panel < end_panel; panel += panels) {
    panels = min_i64(MAX_PANELS, end_panel - panel);
    const int64_t column = panel * TILE_COLUMNS;
    panel_output to = {
        .bias = p->bias == NULL ? NULL : p->bias + column,
        .residual = p->residual == NULL ? NULL : p->residual + item * p->residual_batch_stride + column,
        .out = map_at_mutable(p->out, p->out_type, item * p->out_batch_stride + column),
        .columns = min_i64(panels * TILE_COLUMNS, p->out_c - column)};
    const float *weight = (const float *)p->weight + panel * product.panel_pitch;
    for (int64_t element = 0; element < ELEMENTS; element++, weight += plan.words * TILE_COLUMNS) {
      float *sums = m + element * plan.m_element;
      product.offset = element * plan.v_element;
      for (int64_t s = 0; s < count; s += TILE_ROWS, sums += TILE_ROWS * TILE_COLUMNS) {
        const int64_t squares = min_i64(TILE_ROWS, count - s);
        if (element == ELEMENTS - 1) prefetch_squares(p, &plan, &to, first + s, squares);
        gemm_multiply(&product, s, squares, panels, weight, sums, TILE_COLUMNS, plan.m_panel);
      }
    }
    for (int64_t i = 0; i < panels; i++) store_squares(p, &plan, &to, i, first, count, m + i * plan.m_panel);
  }
  v_stream_end();
  return DETR4J_OK;
}

#endif /* DETR4J_WINOGRAD_H */
