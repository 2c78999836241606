// Gradients by the weights of convolutions and linear layers: out[o][k] = sum over rows r of dz[r][o] x[r][k], where a row is an
// output pixel and k counts (tap, channel). The product sums over rows, so both operands are walked down their columns:
//
//        <- TILE_COLUMNS of k ->
//   ^      acc      acc          TILE_ROWS x 2 accumulators in registers, as in gemm_tile.h; each row gives 2 vectors of
//   o      acc      acc          x and TILE_ROWS broadcasts of dz.
//   v      acc      acc
//
// A tile takes K_PANELS panels of k and some output channels. It goes over the rows in blocks of ROWS: the block's x under its
// taps and its dz are packed, zeros where a tap is off the map or a row is masked, so that the inner loop reads without
// gaps and without conflicts between rows that lie a power of two apart; then every pair of panels is multiplied, and added to the
// sums, which stay in the second cache. The order of a sum follows rows and blocks alone, not the cut into tiles.

#include "kernel.h"

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

enum { ROWS = 128, K_PANELS = 4, K_BLOCK = K_PANELS * TILE_COLUMNS };

static int64_t depth_of(const detr4j_weight_gradient *p) { return (int64_t)p->kernel_h * p->kernel_w * p->in_c; }

static int valid(const detr4j_weight_gradient *p) {
  return p->batch >= 0 && p->in_c >= 1 && p->out_c >= 1 && p->kernel_h >= 1 && p->kernel_w >= 1 && p->stride >= 1 && p->dilation >= 1 &&
         p->padding >= 0 && p->channels_per_tile >= 1 && p->channels_per_tile % TILE_ROWS == 0;
}

int64_t KERNEL(detr4j_weight_gradient_f32_tiles)(const detr4j_weight_gradient *p) {
  return valid(p) ? ceil_div(p->out_c, p->channels_per_tile) * ceil_div(depth_of(p), K_BLOCK) : DETR4J_ERROR_ARGUMENT;
}

typedef struct space {
  float *x;    // [K_PANELS][ROWS][TILE_COLUMNS]
  float *dz;   // [channels / TILE_ROWS][ROWS][TILE_ROWS]
  float *sums; // [K_PANELS][channels][TILE_COLUMNS]
  float *bias; // [channels]
} space;

int64_t KERNEL(detr4j_weight_gradient_f32_scratch)(const detr4j_weight_gradient *p) {
  const int64_t channels = p->channels_per_tile;
  return 4 * (ROWS * K_BLOCK + round_up(ROWS * channels, 16) + channels * K_BLOCK + channels);
}

// The sums of one register tile over `count` rows, added to sums[TILE_ROWS][TILE_COLUMNS].
static __attribute__((noinline)) void multiply(const float *dz, const float *x, int64_t count, float *sums) {
  v_f32 left[TILE_ROWS], right[TILE_ROWS];
  UNROLL
  for (int r = 0; r < TILE_ROWS; r++) {
    left[r] = v_zero();
    right[r] = v_zero();
  }
  for (int64_t i = 0; i < count; i++, dz += TILE_ROWS, x += TILE_COLUMNS) {
    const v_f32 x_left = v_load(x), x_right = v_load(x + V_LANES);
    UNROLL
    for (int r = 0; r < TILE_ROWS; r++) {
      const v_f32 factor = v_set1(dz[r]);
      left[r] = v_fmadd(factor, x_left, left[r]);
      right[r] = v_fmadd(factor, x_right, right[r]);
    }
  }
  UNROLL
  for (int r = 0; r < TILE_ROWS; r++) {
    float *to = sums + r * TILE_COLUMNS;
    v_store(to, v_add(v_load(to), left[r]));
    v_store(to + V_LANES, v_add(v_load(to + V_LANES), right[r]));
  }
}

// Columns [at, at + count) of a panel: channels from c on, of the pixels under one tap.
typedef struct piece {
  int64_t dy, dx; // where the tap lies from the pixel
  int64_t c, at, count;
} piece;

V_INLINE void copy_columns(float *to, const float *from, int64_t count) {
  if (count == TILE_COLUMNS) {
    v_store(to, v_load(from));
    v_store(to + V_LANES, v_load(from + V_LANES));
  } else if (count <= V_LANES) {
    v_store_partial(to, v_load_partial(from, count), count);
  } else {
    v_store(to, v_load(from));
    v_store_partial(to + V_LANES, v_load_partial(from + V_LANES, count - V_LANES), count - V_LANES);
  }
}

static void clear_columns(float *to, int64_t rows, int64_t count) {
  for (int64_t r = 0; r < rows; r++, to += TILE_COLUMNS) memset(to, 0, (size_t)count * sizeof(float));
}

// Output pixels [ox, ox + count) of one row, to as many rows of the panel.
static void pack_piece(const detr4j_weight_gradient *p, const float *map, const piece *k, int64_t oy, int64_t ox, int64_t count, float *to) {
  const int64_t y = oy * p->stride + k->dy, x = ox * p->stride + k->dx;
  to += k->at;
  // The first pixel on the map, and the first one past it.
  int64_t begin = x < 0 ? ceil_div(-x, p->stride) : 0, end = p->in_w <= x ? 0 : ceil_div(p->in_w - x, p->stride);
  begin = min_i64(begin, count);
  end = min_i64(end, count);
  if (y < 0 || y >= p->in_h || begin >= end) {
    clear_columns(to, count, k->count);
    return;
  }
  clear_columns(to, begin, k->count);
  clear_columns(to + end * TILE_COLUMNS, count - end, k->count);
  const int64_t step = p->stride * p->x_row_stride;
  const float *from = map + (y * p->in_w + x + begin * p->stride) * p->x_row_stride + k->c;
  to += begin * TILE_COLUMNS;
  if (k->count == TILE_COLUMNS) {
    for (int64_t i = begin; i < end; i++, from += step, to += TILE_COLUMNS) copy_columns(to, from, TILE_COLUMNS);
  } else {
    for (int64_t i = begin; i < end; i++, from += step, to += TILE_COLUMNS) copy_columns(to, from, k->count);
  }
}

// The pieces of a panel, columns [first, first + TILE_COLUMNS) of (tap, channel); returns how many there are.
static int64_t pieces_of(const detr4j_weight_gradient *p, int64_t first, int64_t depth, piece *pieces) {
  const int64_t end = min_i64(first + TILE_COLUMNS, depth);
  int64_t n = 0;
  for (int64_t k = first; k < end; n++) {
    const int64_t tap = k / p->in_c, c = k % p->in_c;
    pieces[n].dy = tap / p->kernel_w * p->dilation - p->padding;
    pieces[n].dx = tap % p->kernel_w * p->dilation - p->padding;
    pieces[n].c = c;
    pieces[n].at = k - first;
    pieces[n].count = min_i64(p->in_c - c, end - k);
    k += pieces[n].count;
  }
  return n;
}

// A block of pixels, row by row of the output. Columns past the last stay as they are: their sums are not stored.
static void pack_panel(const detr4j_weight_gradient *p, const float *map, const piece *pieces, int64_t n, int64_t begin, int64_t end, float *to) {
  for (int64_t pixel = begin; pixel < end;) {
    const int64_t oy = pixel / p->out_w, ox = pixel % p->out_w, count = min_i64(p->out_w - ox, end - pixel);
    for (int64_t k = 0; k < n; k++) pack_piece(p, map, pieces + k, oy, ox, count, to + (pixel - begin) * TILE_COLUMNS);
    pixel += count;
  }
}

static void pack_dz(const float *from, int64_t channels, int64_t row, float *to) {
  for (int64_t c = 0; c < channels; c += TILE_ROWS) {
    float *part = to + c * ROWS + row * TILE_ROWS;
    if (c + TILE_ROWS <= channels) {
      memcpy(part, from + c, TILE_ROWS * sizeof(float));
    } else {
      for (int64_t r = 0; r < TILE_ROWS; r++) part[r] = c + r < channels ? from[c + r] : 0;
    }
  }
}

int32_t KERNEL(detr4j_weight_gradient_f32)(const detr4j_weight_gradient *p, int64_t tile, void *scratch) {
  if (!valid(p) || tile < 0 || tile >= KERNEL(detr4j_weight_gradient_f32_tiles)(p)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t depth = depth_of(p), k_blocks = ceil_div(depth, K_BLOCK);
  const int64_t first_channel = tile / k_blocks * p->channels_per_tile, k_block = tile % k_blocks;
  const int64_t channels = min_i64(p->channels_per_tile, p->out_c - first_channel);
  const int64_t padded = round_up(channels, TILE_ROWS);
  const int64_t first_k = k_block * K_BLOCK;
  const int64_t panels = min_i64(K_PANELS, ceil_div(depth - first_k, TILE_COLUMNS));
  space s;
  s.x = scratch;
  s.dz = s.x + ROWS * K_BLOCK;
  s.sums = s.dz + round_up(ROWS * (int64_t)p->channels_per_tile, 16);
  s.bias = s.sums + (int64_t)p->channels_per_tile * K_BLOCK;
  memset(s.sums, 0, (size_t)(panels * padded * TILE_COLUMNS) * sizeof(float));
  memset(s.bias, 0, (size_t)padded * sizeof(float));
  const int bias = p->bias_out != NULL && k_block == 0;
  piece pieces[K_PANELS][TILE_COLUMNS];
  int64_t parts[K_PANELS];
  for (int64_t panel = 0; panel < panels; panel++) {
    parts[panel] = pieces_of(p, first_k + panel * TILE_COLUMNS, depth, pieces[panel]);
  }
  memset(s.x, 0, (size_t)(ROWS * K_BLOCK) * sizeof(float));
  const int64_t pixels = (int64_t)p->out_h * p->out_w;
  for (int64_t item = 0; item < p->batch; item++) {
    const uint8_t *mask = p->row_mask == NULL ? NULL : p->row_mask + item * pixels;
    const float *map = p->x + item * p->x_batch_stride;
    for (int64_t begin = 0; begin < pixels; begin += ROWS) {
      const int64_t end = min_i64(begin + ROWS, pixels);
      int64_t count = 0; // rows that are packed: masked ones are left out
      for (int64_t pixel = begin; pixel < end; pixel++) {
        const float *dz = p->dz + item * p->dz_batch_stride + pixel * p->dz_row_stride + first_channel;
        const int masked = mask != NULL && mask[pixel] == 0;
        if (bias && !(masked && p->row_mask_mode == DETR4J_ROW_MASK_ZERO_OUTPUT)) {
          for (int64_t c = 0; c < channels; c++) s.bias[c] += dz[c];
        }
        if (!masked) {
          pack_dz(dz, channels, count, s.dz);
          for (int64_t panel = 0; mask != NULL && panel < panels; panel++) {
            pack_panel(p, map, pieces[panel], parts[panel], pixel, pixel + 1, s.x + (panel * ROWS + count) * TILE_COLUMNS);
          }
          count++;
        }
      }
      for (int64_t panel = 0; mask == NULL && panel < panels; panel++) {
        pack_panel(p, map, pieces[panel], parts[panel], begin, end, s.x + panel * ROWS * TILE_COLUMNS);
      }
      for (int64_t panel = 0; panel < panels; panel++) {
        for (int64_t c = 0; c < padded; c += TILE_ROWS) {
          multiply(s.dz + c * ROWS, s.x + panel * ROWS * TILE_COLUMNS, count, s.sums + (panel * padded + c) * TILE_COLUMNS);
        }
      }
    }
  }
  const int64_t taps = (int64_t)p->kernel_h * p->kernel_w;
  for (int64_t panel = 0; panel < panels; panel++) {
    const int64_t from_k = first_k + panel * TILE_COLUMNS, to_k = min_i64(from_k + TILE_COLUMNS, depth);
    for (int64_t c = 0; c < channels; c++) {
      const float *sums = s.sums + (panel * padded + c) * TILE_COLUMNS;
      const int64_t row = (first_channel + c) * depth;
      for (int64_t k = from_k; k < to_k; k++) {
        const int64_t at = row + k % p->in_c * taps + k / p->in_c;
        p->out[at] = p->sum[at] + sums[k - from_k];
      }
    }
  }
  for (int64_t c = 0; bias && c < channels; c++) {
    p->bias_out[first_channel + c] = p->bias_sum[first_channel + c] + s.bias[c];
  }
  return DETR4J_OK;
}
