#include "harness.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

uint64_t state;
std::string described, running;
detr4j_cuda_device* device;
detr4j_cuda_queue* the_queue;
constexpr uint32_t MARKER = 0x7fc0beef;
uint64_t bits_of_results;
bool aligned;  // whether the next tensor's rows are on 16 bytes: mostly like the one before

// Which NaN it is may differ.
void add_bits(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  bits_of_results = (bits_of_results ^ (f == f ? u : 0x7fc00000u)) * 0x100000001b3u;
}
void add_bits(double) {}  // workspaces
void add_bits(int32_t i) { bits_of_results = (bits_of_results ^ (uint32_t)i) * 0x100000001b3u; }
void add_bits(uint8_t) {}
void add_bits(uint16_t u) { bits_of_results = (bits_of_results ^ u) * 0x100000001b3u; }

uint64_t next() {  // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

float marker() {
  float f;
  memcpy(&f, &MARKER, 4);
  return f;
}

bool is_marker(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits == MARKER;
}

void* allocate(size_t bytes) {
  void* memory;
  char text[300];
  if (detr4j_cuda_allocate(device, (int64_t)bytes, &memory, text, sizeof text) != DETR4J_CUDA_OK) fail("%s", text);
  return memory;
}

// Rows on 16 bytes in one case of two, else with a gap of any length.
int64_t gapped(int64_t length) {
  if (chance(3)) aligned = !aligned;
  return aligned ? (length + 3) / 4 * 4 + 4 * between(0, 2) : length + (chance(2) ? between(1, 9) : 0);
}

}  // namespace

uint64_t take_bits() {
  const uint64_t taken = bits_of_results;
  bits_of_results = 0xcbf29ce484222325u;
  return taken;
}

std::string current_case() { return running + "\n  " + described; }

void begin_case(const char* test, int index, uint64_t seed, const char* where) {
  state = seed * 0x9e3779b97f4a7c15u + (uint64_t)index;
  for (const char* c = test; *c != 0; c++) state = (state ^ (unsigned char)*c) * 0x100000001b3u;
  char text[300];
  snprintf(text, sizeof text, "%s, case %d, seed %llu%s", test, index, (unsigned long long)seed, where);
  running = text;
  described = "no shape yet";
  aligned = chance(2);
}

void open_device() {
  char text[300];
  if (detr4j_cuda_open(0, 0, &device, text, sizeof text) != DETR4J_CUDA_OK ||
      detr4j_cuda_queue_open(device, &the_queue, text, sizeof text) != DETR4J_CUDA_OK) {
    fprintf(stderr, "cannot run: %s\n", text);
    exit(2);
  }
  printf("on %s\nkernels %s\n", detr4j_cuda_device_name(device), detr4j_cuda_kernels());
}

void close_device() {
  detr4j_cuda_queue_close(the_queue);
  detr4j_cuda_close(device);
}

void describe(const char* format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  described = text;
}

void fail(const char* format, ...) {
  fprintf(stderr, "FAILED %s\n  ", current_case().c_str());
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\n");
  fflush(stderr);
  _Exit(1);
}

int between(int least, int most) { return least + (int)(next() % (uint64_t)(most - least + 1)); }
float uniform(float least, float most) { return least + (most - least) * ((float)(next() >> 40) * 0x1p-24f); }
bool chance(int one_in) { return next() % (uint64_t)one_in == 0; }

float rounded(float v, int bits, bool to_even) {
  int exponent;
  const double m = std::ldexp(std::frexp((double)v, &exponent), bits);
  return (float)std::ldexp(to_even ? std::nearbyint(m) : std::round(m), exponent - bits);
}

int extent(int index) {
  static const int later[] = {64, 47, 61, 128, 127, 96, 71, 65, 256, 257, 33, 48, 384};
  return index < 40 ? index + 1 : later[index % (int)(sizeof later / sizeof later[0])];
}

detr4j_cuda_queue* queue() { return the_queue; }

template <class T>
Array<T>::Array(std::vector<T> numbers) : host(std::move(numbers)), device(static_cast<T*>(allocate(host.size() * sizeof(T)))) {
  expect_ok(detr4j_cuda_upload(the_queue, device, host.data(), (int64_t)(host.size() * sizeof(T))));
  expect_ok(detr4j_cuda_wait(the_queue));
}

template <class T>
Array<T>::~Array() {
  detr4j_cuda_free(::device, device);
}

template <class T>
void Array<T>::fetch() {
  expect_ok(detr4j_cuda_download(the_queue, host.data(), device, (int64_t)(host.size() * sizeof(T))));
  expect_ok(detr4j_cuda_wait(the_queue));
}

template <class T>
void Array<T>::fetch_results() {
  fetch();
  for (const T& number : host) add_bits(number);
}

template class Array<float>;
template class Array<double>;
template class Array<int32_t>;
template class Array<uint8_t>;
template class Array<uint16_t>;

std::vector<float> random_numbers(int64_t count) {
  std::vector<float> numbers((size_t)count);
  for (float& n : numbers) n = uniform(-1, 1);
  return numbers;
}

Tensor::Tensor(Kind kind, int batch, int64_t rows, int columns)
    : batch(batch),
      rows(rows),
      columns(columns),
      row_stride(gapped(columns)),
      batch_stride(rows * row_stride + (row_stride % 4 == 0 ? 4 * between(0, 2) : between(0, 5))),
      array(std::vector<float>((size_t)((batch - 1) * batch_stride + (rows - 1) * row_stride + columns), marker())) {
  if (kind == OUTPUT) return;
  for (int n = 0; n < batch; n++) {
    for (int64_t r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) at(n, r, c) = uniform(-1, 1);
    }
  }
  upload();
}

void Tensor::upload() {
  expect_ok(detr4j_cuda_upload(the_queue, array.on_device(), array.host.data(), (int64_t)(array.host.size() * sizeof(float))));
  expect_ok(detr4j_cuda_wait(the_queue));
}

void Tensor::fetch(const char* name) {
  array.fetch();
  for (size_t i = 0; i < array.host.size(); i++) {
    const int64_t in_item = (int64_t)i % batch_stride;
    const bool gap = in_item / row_stride >= rows || in_item % row_stride >= columns;
    if (gap != is_marker(array.host[i])) {
      fail("%s: element %lld of item %lld was %s", name, (long long)in_item, (long long)i / batch_stride,
           gap ? "written, but lies between rows" : "not written");
    }
  }
  for (int n = 0; n < batch; n++) {
    for (int64_t r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) add_bits(at(n, r, c));
    }
  }
}

void Tensor::sprinkle(int places) {
  const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
  for (int i = 0; i < places; i++) at(between(0, batch - 1), between(0, (int)rows - 1), between(0, columns - 1)) = odd[between(0, 4)];
  upload();
}

void expect_close(const char* name, int64_t item, int64_t row, int64_t column, double expected, float actual, double tolerance) {
  const bool close = std::isnan(expected)   ? std::isnan(actual)
                     : std::isinf(expected) ? expected == (double)actual
                                            : std::fabs(expected - (double)actual) <= tolerance;
  if (!close) {
    fail("%s[%lld][%lld][%lld] is %.9g, expected %.9g within %.3g", name, (long long)item, (long long)row, (long long)column, (double)actual, expected,
         tolerance);
  }
}

void expect_equal(const char* name, int64_t index, int64_t expected, int64_t actual) {
  if (expected != actual) fail("%s [%lld] is %lld, expected %lld", name, (long long)index, (long long)actual, (long long)expected);
}

void expect_ok(int32_t status) {
  if (status != DETR4J_CUDA_OK) fail("status %d: %s", status, detr4j_cuda_queue_error(the_queue));
}
