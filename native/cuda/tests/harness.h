// What the tests of kernels share: random cases from a printed seed, tensors in device memory, comparisons that say where.
//
// They use the ABI alone, so the same tests run on a device. On the emulation every case runs in each placement of buffers
// between their guard pages, with the order of threads drawn anew. All of these have to give the same bits, and so has a
// device: a test prints a number made of the bits of all its results.
#ifndef DETR4J_CUDA_TESTS_HARNESS_H
#define DETR4J_CUDA_TESTS_HARNESS_H

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "detr4j_cuda.h"

// ---- cases ----

using CaseBody = void (*)(int index);

struct KernelTest {
  const char* name;
  int cases;
  CaseBody body;
};

// Says what the case is made of; printed when it fails or faults.
void describe(const char* format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// ---- random numbers ----

int between(int least, int most);  // inclusive
float uniform(float least, float most);
bool chance(int one_in);
// With so many bits behind the leading one, to nearest, ties to even or away from zero.
float rounded(float v, int bits, bool to_even);
// Covers tails 1..40 with the first forty cases and then primes, multiples of a warp and their neighbours.
int extent(int index);

// ---- memory ----

detr4j_cuda_queue* queue();

// Numbers in device memory and a copy on the host.
template <class T>
class Array {
 public:
  explicit Array(std::vector<T> numbers);
  ~Array();
  Array(const Array&) = delete;
  T* on_device() const { return device; }
  // The device's numbers as they are after everything on the queue.
  void fetch();
  // The same, of results.
  void fetch_results();

  std::vector<T> host;

 private:
  T* device;
};

std::vector<float> random_numbers(int64_t count);

// [batch][rows][columns] with random strides, on 16 bytes or not as chance has it. Gaps, and the elements of an output, hold a
// NaN that no computation makes.
class Tensor {
 public:
  enum Kind { RANDOM, OUTPUT };
  Tensor(Kind kind, int batch, int64_t rows, int columns);
  // The same numbers on the device again, after changes with at().
  void upload();
  // Gets the device's numbers; fails when a gap was written or an element was not.
  void fetch(const char* name);
  float& at(int64_t item, int64_t row, int64_t column) { return array.host[(size_t)(item * batch_stride + row * row_stride + column)]; }
  float* on_device() const { return array.on_device(); }
  // NaN, infinities and zeros at a few places.
  void sprinkle(int places);

  const int batch;
  const int64_t rows;
  const int columns;
  const int64_t row_stride, batch_stride;

 private:
  Array<float> array;
};

// ---- comparison ----

// Both NaN, the same infinity, or apart by at most tolerance.
void expect_close(const char* name, int64_t item, int64_t row, int64_t column, double expected, float actual, double tolerance);
void expect_equal(const char* name, int64_t index, int64_t expected, int64_t actual);
// The status of an operation.
void expect_ok(int32_t status);

#endif  // DETR4J_CUDA_TESTS_HARNESS_H
