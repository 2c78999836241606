// Gradients by the weights of convolutions and linear layers: out[o][k] = sum over rows r of dz[r][o] x[r][k], where a row is an
// output pixel and k counts (tap, channel). The product sums over rows, so both operands are walked down their columns:
//
//        <- TILE_COLUMNS of k ->                <--- two panels of k --->
//   ^      acc      acc                    ^     acc  acc  acc  acc      WIDE_ROWS
//   o      acc      acc  TILE_ROWS         v     acc  acc  acc  acc
//   v      acc      acc
//
// The tiles of registers are those of gemm_tile.h; each row gives vectors of x and broadcasts of dz.
//
// A tile takes a slice of the rows, K_PANELS panels of k and some output channels. It goes over its rows in blocks of ROWS: the
// block's x under its taps and its dz are packed, zeros where a tap is off the map or a row is masked, so that the inner loop
// reads without gaps and without conflicts between rows that lie a power of two apart; then all panels are multiplied, and
// added to the sums, which stay in the second cache. The order of a sum follows slices, rows and blocks, not channels and k.

#include "kernel.h"

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

// Two panels of a block and some channels fit a first cache of 32 KB.
enum { ROWS = 96, K_PANELS = 8, K_BLOCK = K_PANELS * TILE_COLUMNS };

static int64_t depth_of(const detr4j_weight_gradient *p) { return (int64_t)p->kernel_h * p->kernel_w * p->in_c; }

static int valid(const detr4j_weight_gradient *p) {
  return p->batch >= 0 && p->in_c >= 1 && p->out_c >= 1 && p->kernel_h >= 1 && p->kernel_w >= 1 && p->stride >= 1 && p->dilation >= 1 &&
         p->padding >= 0 && p->rows_per_tile >= 1 && p->channels_per_tile >= 1 && p->channels_per_tile % TILE_ROWS == 0;
}

static int64_t slices_of(const detr4j_weight_gradient *p) {
  return max_i64(1, ceil_div((int64_t)p->out_h * p->out_w, p->rows_per_tile));
}

int64_t KERNEL(detr4j_weight_gradient_f32_tiles)(const detr4j_weight_gradient *p) {
  return valid(p) ? slices_of(p) * ceil_div(p->out_c, p->channels_per_tile) * ceil_div(depth_of(p), K_BLOCK) : DETR4J_ERROR_ARGUMENT;
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

// The products of `count` rows, added to the sums of height channels and some panels. height and panels are constants wherever this is
// inlined, so accumulators are registers.
V_INLINE void multiply_tile(const int height, const int panels, const float *dz, const float *x, int64_t count, float *sums, int64_t pitch) {
  const int vectors = panels * 2;
  v_f32 total[TILE_ROWS * 2];
  UNROLL
  for (int i = 0; i < height * vectors; i++) total[i] = v_zero();
  for (int64_t i = 0; i < count; i++, dz += TILE_ROWS, x += TILE_COLUMNS) {
    v_f32 columns[4];
    UNROLL
    for (int c = 0; c < vectors; c++) columns[c] = v_load(x + c / 2 * (ROWS * TILE_COLUMNS) + c % 2 * V_LANES);
    UNROLL
    for (int r = 0; r < height; r++) {
      const v_f32 factor = v_set1(dz[r]);
      UNROLL
      for (int c = 0; c < vectors; c++) total[r * vectors + c] = v_fmadd(factor, columns[c], total[r * vectors + c]);
    }
  }
  UNROLL
  for (int r = 0; r < height; r++) {
    UNROLL
    for (int c = 0; c < vectors; c++) {
      float *to = sums + r * TILE_COLUMNS + c / 2 * pitch + c % 2 * V_LANES;
      v_store(to, v_add(v_load(to), total[r * vectors + c]));
    }
  }
}

static __attribute__((noinline)) void multiply(const float *dz, const float *x, int64_t count, float *sums) {
  multiply_tile(TILE_ROWS, 1, dz, x, count, sums, 0);
}

#if defined(WIDE_ROWS)
static __attribute__((noinline)) void multiply_wide(const float *dz, const float *x, int64_t count, float *sums, int64_t pitch) {
  multiply_tile(WIDE_ROWS, 2, dz, x, count, sums, pitch);
}
#endif

// All panels of a block, whose sums of a panel are `channels` rows, times all channels.
static void multiply_block(const space *s, int64_t panels, int64_t channels, int64_t count) {
  int64_t panel = 0;
#if defined(WIDE_ROWS)
  for (; panel + 2 <= panels; panel += 2) {
    const float *x = s->x + panel * ROWS * TILE_COLUMNS;
    for (int64_t c = 0; c < channels; c += WIDE_ROWS) {
      const float *dz = s->dz + c / TILE_ROWS * TILE_ROWS * ROWS + c % TILE_ROWS;
      multiply_wide(dz, x, count, s->sums + (panel * channels + c) * TILE_COLUMNS, channels * TILE_COLUMNS);
    }
  }
#endif
  for (; panel < panels; panel++) {
    const float *x = s->x + panel * ROWS * TILE_COLUMNS;
    for (int64_t c = 0; c < channels; c += TILE_ROWS) {
      multiply(s->dz + c * ROWS, x, count, s->sums + (panel * channels + c) * TILE_COLUMNS);
    }
  }
}

// Columns [at, at + count) of a block: floats [skip, skip + count) of `taps` neighbouring pixels, the first of which lies (dy, dx) from
// the output's pixel. Without dilation and gaps, the taps of a row of the kernel are one stretch.
typedef struct stretch {
  int64_t dy, dx, taps;
  int64_t skip, at, count;
} stretch;

// Returns how many stretches columns [first, end) of (tap, channel) are.
static int64_t stretches_of(const detr4j_weight_gradient *p, int64_t first, int64_t end, stretch *all) {
  const int64_t taps = p->dilation == 1 && p->x_row_stride == p->in_c ? p->kernel_w : 1, width = taps * p->in_c;
  int64_t n = 0;
  for (int64_t k = first; k < end; n++) {
    const int64_t tap = k / width * taps;
    all[n].dy = tap / p->kernel_w * p->dilation - p->padding;
    all[n].dx = tap % p->kernel_w * p->dilation - p->padding;
    all[n].taps = taps;
    all[n].skip = k % width;
    all[n].at = k - first;
    all[n].count = min_i64(width - all[n].skip, end - k);
    k += all[n].count;
  }
  return n;
}

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

// Columns [at, at + count) of one row of a block.
V_INLINE void put(float *block, int64_t at, const float *from, int64_t count) {
  float *to = block + at / TILE_COLUMNS * (ROWS * TILE_COLUMNS);
  const int64_t in_panel = at % TILE_COLUMNS;
  if (in_panel != 0) {
    const int64_t part = min_i64(TILE_COLUMNS - in_panel, count);
    copy_columns(to + in_panel, from, part);
    from += part;
    count -= part;
    to += ROWS * TILE_COLUMNS;
  }
  for (; count >= TILE_COLUMNS; count -= TILE_COLUMNS, from += TILE_COLUMNS, to += ROWS * TILE_COLUMNS) {
    v_store(to, v_load(from));
    v_store(to + V_LANES, v_load(from + V_LANES));
  }
  if (count > 0) copy_columns(to, from, count);
}

static void put_zeros(float *block, int64_t at, int64_t count) {
  for (int64_t end = at + count; at < end;) {
    const int64_t in_panel = at % TILE_COLUMNS, part = min_i64(TILE_COLUMNS - in_panel, end - at);
    memset(block + at / TILE_COLUMNS * (ROWS * TILE_COLUMNS) + in_panel, 0, (size_t)part * sizeof(float));
    at += part;
  }
}

// A stretch of one pixel, some of whose taps are off the map.
static void put_border(const detr4j_weight_gradient *p, const float *map, const stretch *k, int64_t y, int64_t x, float *block) {
  put_zeros(block, k->at, k->count);
  const int64_t begin = max_i64(max_i64(0, -x) * p->in_c, k->skip);
  const int64_t end = min_i64(min_i64(k->taps, p->in_w - x) * p->in_c, k->skip + k->count);
  if (y >= 0 && y < p->in_h && begin < end) {
    // With several taps, pixels have no gaps; of one, x is on the map.
    put(block, k->at + begin - k->skip, map + (y * p->in_w + x) * p->x_row_stride + begin, end - begin);
  }
}

// Output pixels [begin, end), to as many rows of the block.
static void pack_x(
    const detr4j_weight_gradient *p, const float *map, const stretch *stretches, int64_t n, int64_t begin, int64_t end, float *block) {
  for (int64_t pixel = begin; pixel < end;) {
    const int64_t oy = pixel / p->out_w, ox = pixel % p->out_w, count = min_i64(p->out_w - ox, end - pixel);
    for (int64_t s = 0; s < n; s++) {
      const stretch *k = stretches + s;
      const int64_t y = oy * p->stride + k->dy;
      const int row_is_on = y >= 0 && y < p->in_h;
      for (int64_t i = 0; i < count; i++) {
        const int64_t x = (ox + i) * p->stride + k->dx;
        float *to = block + (pixel - begin + i) * TILE_COLUMNS;
        if (row_is_on && x >= 0 && x + k->taps <= p->in_w) {
          put(to, k->at, map + (y * p->in_w + x) * p->x_row_stride + k->skip, k->count);
        } else {
          put_border(p, map, k, y, x, to);
        }
      }
    }
    pixel += count;
  }
}

static void pack_dz(const float *from, int64_t channels, int64_t row, float *to) {
  to += row * TILE_ROWS;
  int64_t c = 0;
  for (; c + TILE_ROWS <= channels; c += TILE_ROWS) memcpy(to + c * ROWS, from + c, TILE_ROWS * sizeof(float));
  for (int64_t r = 0; c < channels && r < TILE_ROWS; r++) to[c * ROWS + r] = c + r < channels ? from[c + r] : 0;
}

V_INLINE void add_to(float *to, const float *from, int64_t count) {
  int64_t i = 0;
  for (; i + V_LANES <= count; i += V_LANES) v_store(to + i, v_add(v_load(to + i), v_load(from + i)));
  if (i < count) v_store_partial(to + i, v_add(v_load_partial(to + i, count - i), v_load_partial(from + i, count - i)), count - i);
}

static void add(float *out, const float *a, const float *b, int64_t count) {
  int64_t i = 0;
  for (; i + V_LANES <= count; i += V_LANES) v_store(out + i, v_add(v_load(a + i), v_load(b + i)));
  if (i < count) v_store_partial(out + i, v_add(v_load_partial(a + i, count - i), v_load_partial(b + i, count - i)), count - i);
}

// Adds `count` values of (tap, channel) from the k-th on to the sums of an output channel, [channel][tap].
static void finish(const detr4j_weight_gradient *p, int64_t channel, int64_t k, const float *from, int64_t count) {
  const int64_t taps = (int64_t)p->kernel_h * p->kernel_w, row = channel * depth_of(p);
  if (taps == 1) {
    add(p->out + row + k, p->sum + row + k, from, count);
    return;
  }
  int64_t tap = k / p->in_c, c = k % p->in_c;
  while (count > 0) {
    const int64_t part = min_i64(p->in_c - c, count), at = row + c * taps + tap;
    for (int64_t i = 0; i < part; i++) p->out[at + i * taps] = p->sum[at + i * taps] + from[i];
    from += part;
    count -= part;
    c = 0;
    tap++;
  }
}

int32_t KERNEL(detr4j_weight_gradient_f32)(const detr4j_weight_gradient *p, int64_t tile, void *scratch) {
  if (!valid(p) || tile < 0 || tile >= KERNEL(detr4j_weight_gradient_f32_tiles)(p)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t depth = depth_of(p), k_blocks = ceil_div(depth, K_BLOCK), channel_blocks = ceil_div(p->out_c, p->channels_per_tile);
  const int64_t slice = tile / k_blocks / channel_blocks, first_k = tile % k_blocks * K_BLOCK;
  const int64_t first_channel = tile / k_blocks % channel_blocks * p->channels_per_tile;
  const int64_t channels = min_i64(p->channels_per_tile, p->out_c - first_channel), padded = round_up(channels, TILE_ROWS);
  const int64_t columns = min_i64(K_BLOCK, depth - first_k), panels = ceil_div(columns, TILE_COLUMNS);
  space s;
  s.x = scratch;
  s.dz = s.x + ROWS * K_BLOCK;
  s.sums = s.dz + round_up(ROWS * (int64_t)p->channels_per_tile, 16);
  s.bias = s.sums + (int64_t)p->channels_per_tile * K_BLOCK;
  memset(s.sums, 0, (size_t)(panels * padded * TILE_COLUMNS) * sizeof(float));
  memset(s.bias, 0, (size_t)padded * sizeof(float));
  // Columns past the last are not stored, but multiplied.
  memset(s.x + (panels - 1) * ROWS * TILE_COLUMNS, 0, (size_t)(ROWS * TILE_COLUMNS) * sizeof(float));
  stretch stretches[K_BLOCK];
  const int64_t n = stretches_of(p, first_k, first_k + columns, stretches);
  const int bias = p->bias_out != NULL && first_k == 0;
  const int64_t pixels = (int64_t)p->out_h * p->out_w, first = slice * p->rows_per_tile, last = min_i64(pixels, first + p->rows_per_tile);
  for (int64_t item = 0; item < p->batch; item++) {
    const uint8_t *mask = p->row_mask == NULL ? NULL : p->row_mask + item * pixels;
    const float *map = p->x + item * p->x_batch_stride;
    for (int64_t begin = first; begin < last; begin += ROWS) {
      const int64_t end = min_i64(begin + ROWS, last);
      int64_t count = 0; // rows that are packed: masked ones are left out
      for (int64_t pixel = begin; pixel < end; pixel++) {
        const float *dz = p->dz + item * p->dz_batch_stride + pixel * p->dz_row_stride + first_channel;
        const int masked = mask != NULL && mask[pixel] == 0;
        if (bias && !(masked && p->row_mask_mode == DETR4J_ROW_MASK_ZERO_OUTPUT)) add_to(s.bias, dz, channels);
        if (!masked) {
          pack_dz(dz, channels, count, s.dz);
          if (mask != NULL) pack_x(p, map, stretches, n, pixel, pixel + 1, s.x + count * TILE_COLUMNS);
          count++;
        }
      }
      if (mask == NULL) pack_x(p, map, stretches, n, begin, end, s.x);
      multiply_block(&s, panels, padded, count);
    }
  }
  const int joined = slices_of(p) > 1;
  float *partial = joined ? p->partial + slice * (p->out_c * depth + p->out_c) : NULL;
  for (int64_t c = 0; c < channels; c++) {
    for (int64_t panel = 0; panel < panels; panel++) {
      const float *sums = s.sums + (panel * padded + c) * TILE_COLUMNS;
      const int64_t k = first_k + panel * TILE_COLUMNS, count = min_i64(TILE_COLUMNS, depth - k);
      if (joined) {
        memcpy(partial + (first_channel + c) * depth + k, sums, (size_t)count * sizeof(float));
      } else {
        finish(p, first_channel + c, k, sums, count);
      }
    }
  }
  if (bias && joined) {
    memcpy(partial + p->out_c * depth + first_channel, s.bias, (size_t)channels * sizeof(float));
  } else if (bias) {
    add(p->bias_out + first_channel, p->bias_sum + first_channel, s.bias, channels);
  }
  return DETR4J_OK;
}

int64_t KERNEL(detr4j_weight_gradient_join_f32_tiles)(const detr4j_weight_gradient *p) {
  if (!valid(p)) return DETR4J_ERROR_ARGUMENT;
  return slices_of(p) > 1 ? p->out_c : 0;
}

int32_t KERNEL(detr4j_weight_gradient_join_f32)(const detr4j_weight_gradient *p, int64_t tile) {
  if (!valid(p) || tile < 0 || tile >= KERNEL(detr4j_weight_gradient_join_f32_tiles)(p)) {
    return DETR4J_ERROR_ARGUMENT;
  }
  const int64_t depth = depth_of(p), slices = slices_of(p), pitch = p->out_c * depth + p->out_c;
  float total[K_BLOCK];
  for (int64_t k = 0; k < depth; k += K_BLOCK) {
    const int64_t count = min_i64(K_BLOCK, depth - k);
    const float *from = p->partial + tile * depth + k;
    add(total, from, from + pitch, count);
    for (int64_t slice = 2; slice < slices; slice++) add_to(total, from + slice * pitch, count);
    finish(p, tile, k, total, count);
  }
  if (p->bias_out != NULL) {
    const float *from = p->partial + p->out_c * depth + tile;
    float sum = from[0];
    for (int64_t slice = 1; slice < slices; slice++) sum += from[slice * pitch];
    p->bias_out[tile] = p->bias_sum[tile] + sum;
  }
  return DETR4J_OK;
}
