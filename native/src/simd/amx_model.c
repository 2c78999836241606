#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simd/amx.h"

typedef union tile_row {
  float number[AMX_WORDS];
  uint32_t word[AMX_WORDS];
} tile_row;

typedef struct tile {
  int rows, row_bytes;
  int filled; // by a load or a zero since the configuration
  tile_row row[AMX_ROWS];
} tile;

static _Thread_local struct {
  int configured;
  amx_shape shape;
  tile tiles[AMX_TILES];
} state;

static _Noreturn void misuse(const char *instruction, const char *what, int t) {
  fprintf(stderr, "amx model: %s of tile %d: %s\n", instruction, t, what);
  abort();
}

static tile *configured(const char *instruction, int t) {
  if (!state.configured) misuse(instruction, "no configuration is loaded", t);
  if (t < 0 || t >= AMX_TILES) misuse(instruction, "there are eight tiles", t);
  if (state.tiles[t].rows == 0) misuse(instruction, "the configuration gives it no rows", t);
  return &state.tiles[t];
}

static tile *filled(const char *instruction, int t) {
  tile *found = configured(instruction, t);
  if (!found->filled) misuse(instruction, "nothing was loaded into it", t);
  return found;
}

void amx_configure(const amx_shape *shape) {
  if (shape->palette != 1 || shape->start_row != 0) misuse("configuration", "palette is not 1 or start_row not 0", 0);
  for (int i = 0; i < 14; i++) {
    if (shape->reserved[i] != 0) misuse("configuration", "a reserved byte is not 0", 0);
  }
  if (state.configured && memcmp(&state.shape, shape, sizeof *shape) == 0) misuse("configuration", "this shape is loaded already", 0);
  for (int t = 0; t < 16; t++) {
    const int rows = shape->rows[t], row_bytes = shape->row_bytes[t];
    if (t >= AMX_TILES && (rows != 0 || row_bytes != 0)) misuse("configuration", "there are eight tiles", t);
    if (rows > AMX_ROWS || row_bytes > AMX_ROW_BYTES || row_bytes % 4 != 0) misuse("configuration", "more than 16 rows of 64 bytes", t);
    if ((rows == 0) != (row_bytes == 0)) misuse("configuration", "rows without bytes, or bytes without rows", t);
    if (t >= AMX_TILES) continue;
    memset(&state.tiles[t], 0, sizeof state.tiles[t]);
    state.tiles[t].rows = rows;
    state.tiles[t].row_bytes = row_bytes;
  }
  state.shape = *shape;
  state.configured = 1;
}

void amx_release(void) {
  if (!state.configured) misuse("release", "no configuration is loaded", 0);
  memset(&state, 0, sizeof state);
}

int detr4j_amx_model_in_use(void) { return state.configured; }

void amx_zero(int t) {
  tile *to = configured("zero", t);
  memset(to->row, 0, sizeof to->row);
  to->filled = 1;
}

void amx_load(int t, const void *p, int64_t pitch) {
  tile *to = configured("load", t);
  memset(to->row, 0, sizeof to->row);
  for (int r = 0; r < to->rows; r++) memcpy(&to->row[r], (const char *)p + r * pitch, (size_t)to->row_bytes);
  to->filled = 1;
}

void amx_store(int t, void *p, int64_t pitch) {
  const tile *from = filled("store", t);
  for (int r = 0; r < from->rows; r++) memcpy((char *)p + r * pitch, &from->row[r], (size_t)from->row_bytes);
}

// Products of two bf16 are exact in fp32, so a product and a sum round as the instruction's fused ones do. The caller's mode counts
// subnormal numbers as 0, as the instruction always does (dispatch.c). Even and odd elements are summed apart.
void amx_dot_bf16(int c, int a, int b) {
  tile *to = filled("product into", c);
  const tile *left = filled("product with", a), *right = filled("product with", b);
  if (c == a || c == b || a == b) misuse("product into", "its three tiles are not different", c);
  if (to->rows != left->rows) misuse("product into", "its rows are not those of the left factor", c);
  if (to->row_bytes != right->row_bytes) misuse("product into", "its columns are not those of the right factor", c);
  if (left->row_bytes / 4 != right->rows) misuse("product into", "the depths of its factors differ", c);
  for (int m = 0; m < to->rows; m++) {
    float even[AMX_WORDS] = {0}, odd[AMX_WORDS] = {0};
    for (int k = 0; k < right->rows; k++) {
      union {
        uint32_t bits;
        float number;
      } low = {.bits = left->row[m].word[k] << 16}, high = {.bits = left->row[m].word[k] & 0xffff0000u};
      tile_row lows, highs;
      for (int n = 0; n < AMX_WORDS; n++) lows.word[n] = right->row[k].word[n] << 16;
      for (int n = 0; n < AMX_WORDS; n++) highs.word[n] = right->row[k].word[n] & 0xffff0000u;
      for (int n = 0; n < AMX_WORDS; n++) even[n] += low.number * lows.number[n];
      for (int n = 0; n < AMX_WORDS; n++) odd[n] += high.number * highs.number[n];
    }
    for (int n = 0; n < to->row_bytes / 4; n++) to->row[m].number[n] += even[n] + odd[n];
  }
}
