#define _DEFAULT_SOURCE 1 // MAP_ANONYMOUS

#include "harness.h"

#if defined(DETR4J_AMX_MODEL)
#include "simd/amx.h"
#endif

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- cases ----

enum { AT_END, AT_BEGIN };

static uint64_t seed = 1;
static uint64_t state;
static int placement;
static char running[256];   // op, tier, case
static char described[512]; // its shape

void set_seed(uint64_t value) { seed = value; }

static void print_case(void) {
  fprintf(stderr, "%s, seed %llu, tensors %s\n  %s\n", running, (unsigned long long)seed,
          placement == AT_END ? "ending at a guard page" : "beginning after a guard page", described);
}

void describe(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(described, sizeof described, format, arguments);
  va_end(arguments);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "FAILED ");
  print_case();
  fprintf(stderr, "  ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(1);
}

// Not safe after a fault in general, but the process ends here either way and the shape is what one needs.
static void on_fault(int signal_number) {
  fprintf(stderr, "FAULT (signal %d: read or write outside a tensor) ", signal_number);
  print_case();
  _exit(1);
}

static void release_all(void);

void run_cases(const char *op, int32_t tier, int cases, case_body body) {
  signal(SIGSEGV, on_fault);
  signal(SIGBUS, on_fault);
  for (int index = 0; index < cases; index++) {
    for (placement = AT_END; placement <= AT_BEGIN; placement++) {
      state = seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)index;
      for (const char *c = op; *c != 0; c++) {
        state = (state ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
      }
      snprintf(running, sizeof running, "%s on %s, case %d", op, detr4j_tier_name(tier), index);
      describe("no shape yet");
      body(tier, index);
#if defined(DETR4J_AMX_MODEL)
      if (detr4j_amx_model_in_use()) fail("a kernel did not release its AMX tiles");
#endif
      release_all();
    }
  }
}

// ---- random numbers ----

// splitmix64
static uint64_t next(void) {
  uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

int64_t between(int64_t least, int64_t most) { return least + (int64_t)(next() % (uint64_t)(most - least + 1)); }

float uniform(float least, float most) { return least + (most - least) * ((float)(next() >> 40) * 0x1p-24f); }

int chance(int one_in) { return next() % (uint64_t)one_in == 0; }

int64_t extent(int index) {
  static const int64_t later[] = {64, 47, 61, 128, 127, 96, 71, 65, 256, 257, 33, 48};
  return index < 40 ? index + 1 : later[index % (int)(sizeof later / sizeof later[0])];
}

// ---- memory ----

enum { FILL = 0xa5, MAX_BLOCKS = 64 };

typedef struct block {
  uint8_t *pages, *data;
  size_t inner, bytes, page; // readable bytes of pages, bytes of data
} block;

static block blocks[MAX_BLOCKS];
static int block_count;

static void *place(size_t bytes, size_t alignment) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t inner = (bytes + page - 1) / page * page;
  if (block_count == MAX_BLOCKS) {
    fail("harness: more than %d tensors in a case", MAX_BLOCKS);
  }
  uint8_t *pages = mmap(NULL, inner + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages, page, PROT_NONE) != 0 || mprotect(pages + page + inner, page, PROT_NONE) != 0) {
    fail("harness: no memory for %zu bytes", bytes);
  }
  memset(pages + page, FILL, inner);
  const size_t ahead = placement == AT_END ? (inner - bytes) / alignment * alignment : 0;
  blocks[block_count++] = (block){pages, pages + page + ahead, inner, bytes, page};
  return pages + page + ahead;
}

void *guarded(size_t bytes) { return place(bytes, 1); }

void *guarded_scratch(int64_t bytes) {
  if (bytes < 0) {
    fail("scratch or workspace of %lld bytes", (long long)bytes);
  }
  void *scratch = place((size_t)bytes, 64);
  memset(scratch, 0xff, (size_t)bytes); // NaN in every type: what was not written must not be multiplied either
  return scratch;
}

static void release_all(void) {
  while (block_count > 0) {
    const block b = blocks[--block_count];
    const uint8_t *inner = b.pages + b.page;
    for (size_t i = 0; i < b.inner; i++) {
      const int outside = inner + i < b.data || inner + i >= b.data + b.bytes;
      if (outside && inner[i] != FILL) {
        fail("byte %td of a tensor of %zu bytes was written", inner + i - b.data, b.bytes);
      }
    }
    munmap(b.pages, b.inner + 2 * b.page);
  }
}

static const uint32_t MARKER = 0x7fc0dead;

static int is_marker(const float *p) {
  uint32_t bits;
  memcpy(&bits, p, sizeof bits);
  return bits == MARKER;
}

tensor new_tensor(int64_t batch, int64_t rows, int64_t columns) {
  tensor t = {.batch = batch, .rows = rows, .columns = columns};
  t.row_stride = columns + (chance(2) ? between(1, 9) : 0);
  t.batch_stride = rows * t.row_stride + (chance(2) ? between(1, 9) : 0);
  const int64_t elements = (batch - 1) * t.batch_stride + (rows - 1) * t.row_stride + columns;
  t.data = guarded((size_t)elements * sizeof(float));
  for (int64_t i = 0; i < elements; i++) {
    memcpy(t.data + i, &MARKER, sizeof MARKER);
  }
  return t;
}

float *row_of(const tensor *t, int64_t batch, int64_t row) {
  return t->data + batch * t->batch_stride + row * t->row_stride;
}

tensor new_random(int64_t batch, int64_t rows, int64_t columns) {
  tensor t = new_tensor(batch, rows, columns);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < columns; c++) {
        row_of(&t, n, i)[c] = uniform(-1, 1);
      }
    }
  }
  return t;
}

float *new_floats(int64_t count) {
  float *data = guarded((size_t)count * sizeof(float));
  for (int64_t i = 0; i < count; i++) {
    data[i] = uniform(-1, 1);
  }
  return data;
}

int32_t *new_ints(int64_t count) {
  int32_t *data = guarded((size_t)count * sizeof(int32_t));
  memset(data, 0, (size_t)count * sizeof(int32_t));
  return data;
}

void check_written(const char *name, const tensor *t) {
  const int64_t elements = (t->batch - 1) * t->batch_stride + (t->rows - 1) * t->row_stride + t->columns;
  for (int64_t i = 0; i < elements; i++) {
    const int64_t in_item = i % t->batch_stride;
    const int gap = in_item / t->row_stride >= t->rows || in_item % t->row_stride >= t->columns;
    if (gap != is_marker(t->data + i)) {
      fail("%s: element %lld of item %lld was %s", name, (long long)in_item, (long long)(i / t->batch_stride),
           gap ? "written, but lies between rows" : "not written");
    }
  }
}

static void sprinkle_first(tensor *t, int places, int kinds) {
  const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e30f, -1e30f, 1e-40f};
  for (int i = 0; i < places; i++) {
    row_of(t, between(0, t->batch - 1), between(0, t->rows - 1))[between(0, t->columns - 1)] = odd[between(0, kinds - 1)];
  }
}

void sprinkle(tensor *t, int places) { sprinkle_first(t, places, 8); }
void sprinkle_not_finite(tensor *t, int places) { sprinkle_first(t, places, 3); }

// ---- bf16 ----

static uint16_t bf16_bits(float x) { // to nearest even
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (isnan(x)) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float rounded_to(int32_t products, float x) {
  if (products == DETR4J_TYPE_F32) return x;
  const uint32_t bits = (uint32_t)bf16_bits(x) << 16;
  memcpy(&x, &bits, sizeof x);
  return x;
}

int64_t words_of(int32_t products, int64_t values) { return products == DETR4J_TYPE_F32 ? values : (values + 1) / 2; }

void put_weight(int32_t products, float *words, int64_t width, int64_t column, int64_t k, float x) {
  if (products == DETR4J_TYPE_F32) {
    words[k * width + column] = x;
  } else {
    const uint16_t half = bf16_bits(x);
    memcpy((char *)(words + k / 2 * width + column) + 2 * (k % 2), &half, sizeof half);
  }
}

static const uint16_t NARROW_MARKER = 0x7fb3; // a NaN that no computation makes

static int64_t elements_of(const tensor *t) { return (t->batch - 1) * t->batch_stride + (t->rows - 1) * t->row_stride + t->columns; }

void *narrow(tensor *t) {
  uint16_t *data = guarded((size_t)elements_of(t) * sizeof(uint16_t));
  for (int64_t i = 0; i < elements_of(t); i++) {
    uint16_t half = NARROW_MARKER;
    if (!is_marker(t->data + i)) {
      t->data[i] = rounded_to(DETR4J_TYPE_BF16, t->data[i]);
      half = bf16_bits(t->data[i]);
    }
    memcpy(data + i, &half, sizeof half);
  }
  return data;
}

void widen(const void *narrow, tensor *t) {
  for (int64_t i = 0; i < elements_of(t); i++) {
    const int64_t in_item = i % t->batch_stride;
    uint16_t half;
    memcpy(&half, (const uint16_t *)narrow + i, sizeof half);
    if (half == NARROW_MARKER) continue;
    if (in_item / t->row_stride >= t->rows || in_item % t->row_stride >= t->columns) {
      fail("bf16 element %lld lies between rows and was written", (long long)i);
    }
    const uint32_t bits = (uint32_t)half << 16;
    memcpy(t->data + i, &bits, sizeof bits);
  }
}

// ---- comparison ----

void expect_close(const char *name, int64_t batch, int64_t row, int64_t column, double expected, float actual, double tolerance) {
  const int close = isnan(expected) ? isnan(actual) : isinf(expected) ? expected == (double)actual
                                                                      : fabs(expected - (double)actual) <= tolerance;
  if (!close) {
    fail("%s[%lld][%lld][%lld] is %.9g, expected %.9g within %.3g", name, (long long)batch, (long long)row, (long long)column,
         (double)actual, expected, tolerance);
  }
}

void expect_int(const char *name, int64_t index, int64_t expected, int64_t actual) {
  if (expected != actual) {
    fail("%s [%lld] is %lld, expected %lld", name, (long long)index, (long long)actual, (long long)expected);
  }
}
