// A map that may be bf16 in memory, for tests of kernels that take both.
#ifndef DETR4J_CUDA_TESTS_MAP_H
#define DETR4J_CUDA_TESTS_MAP_H

#include <cstring>

#include "harness.h"

// A map of fp32 or bf16 numbers with any strides, on 16 bytes or not; a mark lies between its rows.
class Map {
 public:
  Map(bool narrow, int batch, int64_t rows, int columns)
      : narrow(narrow),
        rows(rows),
        columns(columns),
        row_stride(chance(2) ? (columns + 7) / 8 * 8 : columns + between(0, 3)),
        batch_stride(rows * row_stride + (row_stride % 8 == 0 ? 8 * between(0, 1) : between(0, 3))),
        wide(std::vector<float>(narrow ? 1 : size(batch), mark())),
        halves(std::vector<uint16_t>(narrow ? size(batch) : 1, NARROW_MARK)) {}
  void* on_device() const { return narrow ? (void*)halves.on_device() : (void*)wide.on_device(); }
  int32_t type() const { return narrow ? DETR4J_CUDA_TYPE_BF16 : DETR4J_CUDA_TYPE_F32; }
  // Of bf16 the upper half is kept: v has no more digits.
  void set(int n, int64_t row, int column, float v) {
    uint32_t u;
    memcpy(&u, &v, 4);
    (narrow ? (void)(halves.host[at(n, row, column)] = (uint16_t)(u >> 16)) : (void)(wide.host[at(n, row, column)] = v));
  }
  float get(int n, int64_t row, int column) const {
    if (!narrow) return wide.host[at(n, row, column)];
    const uint32_t u = (uint32_t)halves.host[at(n, row, column)] << 16;
    float v;
    memcpy(&v, &u, 4);
    return v;
  }
  void upload() {
    expect_ok(narrow ? detr4j_cuda_upload(queue(), halves.on_device(), halves.host.data(), (int64_t)halves.host.size() * 2)
                     : detr4j_cuda_upload(queue(), wide.on_device(), wide.host.data(), (int64_t)wide.host.size() * 4));
    expect_ok(detr4j_cuda_wait(queue()));
  }
  void fetch() {
    (narrow ? halves.fetch_results() : wide.fetch_results());
    const size_t count = narrow ? halves.host.size() : wide.host.size();
    for (size_t i = 0; i < count; i++) {
      const int64_t in_item = (int64_t)i % batch_stride;
      const bool gap = in_item / row_stride >= rows || in_item % row_stride >= columns;
      const bool marked = narrow ? halves.host[i] == NARROW_MARK : memcmp(&wide.host[i], &MARK, 4) == 0;
      if (gap != marked) fail("out: element %zu was %s", i, gap ? "written, but lies between rows" : "not written");
    }
  }

  const bool narrow;
  const int64_t rows;
  const int columns;
  const int64_t row_stride, batch_stride;

 private:
  size_t size(int batch) const { return (size_t)((batch - 1) * batch_stride + (rows - 1) * row_stride + columns); }
  size_t at(int n, int64_t row, int column) const { return (size_t)(n * batch_stride + row * row_stride + column); }

  // NaNs that no computation makes.
  static constexpr uint32_t MARK = 0x7fc0beef;
  static constexpr uint16_t NARROW_MARK = 0x7fbe;
  static float mark() {
    float v;
    memcpy(&v, &MARK, 4);
    return v;
  }

  Array<float> wide;
  Array<uint16_t> halves;
};

#endif  // DETR4J_CUDA_TESTS_MAP_H
