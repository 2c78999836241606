// Separable resize of RGB bytes in fixed point, then normalisation through a table: exact, so every device gives the same bytes.
// Linear in fp32, the table comes first.
//
//   horizontal   a thread is one byte of a source row at the new width; rounded, or with OpenCV's arithmetic the sum as it is,
//                or in fp32 the mix of two normalised pixels
//   vertical     a thread is one number of the padded output: the byte, through lookup; zeros right of and below the image
//
// Sums are made in unsigned arithmetic, which wraps where signed would be undefined; tables of at most 2^22 a weight never do.
#include "elementwise.h"

namespace {

DETR4J_DEVICE int to_byte(int value) { return value < 0 ? 0 : value > 255 ? 255 : value; }
DETR4J_DEVICE unsigned rounding(int precision) { return precision > 0 ? 1u << (precision - 1) : 0u; }
DETR4J_DEVICE int between(int value, int last) { return value < 0 ? 0 : value > last ? last : value; }

DETR4J_DEVICE float mix(const int32_t* weight, int precision, float first, float second) {
  const float unit = 1.0f / (float)(1u << precision);
  return (float)weight[0] * unit * first + (float)weight[1] * unit * second;
}

__global__ void __launch_bounds__(ELEMENT_THREADS) horizontal_kernel(const __grid_constant__ detr4j_cuda_resize p) {
  const Element e = own_element(1, p.source_h, 3 * p.width);
  if (!e.there) return;
  const int x = e.column / 3, c = e.column % 3, start = p.start_x[x];
  const uint8_t* row = p.pixels + e.row * p.pixels_row_stride + c;
  const int64_t at = e.row * p.width * 3 + e.column;
  if (p.arithmetic == DETR4J_CUDA_RESIZE_OPENCV_LINEAR) {
    const int last = p.source_w - 1;
    static_cast<int32_t*>(p.workspace)[at] =
        p.weight_x[2 * x] * row[3 * between(start, last)] + p.weight_x[2 * x + 1] * row[3 * between(start + 1, last)];
    return;
  }
  if (p.arithmetic == DETR4J_CUDA_RESIZE_LINEAR_F32) {
    const int last = p.source_w - 1;
    const float* lookup = p.lookup + 256 * c;
    static_cast<float*>(p.workspace)[at] =
        mix(p.weight_x + 2 * x, p.precision_x, lookup[row[3 * between(start, last)]], lookup[row[3 * between(start + 1, last)]]);
    return;
  }
  unsigned sum = rounding(p.precision_x);
  for (int tap = 0; tap < p.count_x[x]; tap++) sum += (unsigned)p.weight_x[x * p.taps_x + tap] * row[3 * (start + tap)];
  static_cast<uint8_t*>(p.workspace)[at] = (uint8_t)to_byte((int)sum >> p.precision_x);
}

__global__ void __launch_bounds__(ELEMENT_THREADS) vertical_kernel(const __grid_constant__ detr4j_cuda_resize p) {
  const Element e = own_element(1, p.padded_h, 3 * p.padded_w);
  if (!e.there) return;
  const int y = (int)e.row, c = e.column % 3;
  float* out = p.out + e.row * p.padded_w * 3 + e.column;
  if (y >= p.height || e.column >= 3 * p.width) {
    *out = 0.0f;
    return;
  }
  if (p.arithmetic == DETR4J_CUDA_RESIZE_LINEAR_F32) {
    const float* rows = static_cast<const float*>(p.workspace) + e.column;
    const int64_t width = 3 * (int64_t)p.width;
    const int last = p.source_h - 1, start = p.start_y[y];
    *out = mix(p.weight_y + 2 * y, p.precision_y, rows[between(start, last) * width], rows[between(start + 1, last) * width]);
    return;
  }
  const bool narrowed = p.start_x != nullptr;
  int byte;
  if (p.arithmetic == DETR4J_CUDA_RESIZE_OPENCV_LINEAR) {
    const int32_t* sums = static_cast<const int32_t*>(p.workspace) + e.column;
    const int64_t width = 3 * (int64_t)p.width;
    const int last = p.source_h - 1, start = p.start_y[y];
    const int above = sums[between(start, last) * width], below = sums[between(start + 1, last) * width];
    // Each product is cut before they are added.
    byte = to_byte((((p.weight_y[2 * y] * (above >> 4)) >> 16) + ((p.weight_y[2 * y + 1] * (below >> 4)) >> 16) + 2) >> 2);
  } else {
    const uint8_t* rows = (narrowed ? static_cast<const uint8_t*>(p.workspace) : p.pixels) + e.column;
    const int64_t stride = narrowed ? 3 * (int64_t)p.width : p.pixels_row_stride;
    if (p.start_y == nullptr) {
      byte = rows[y * stride];
    } else {
      unsigned sum = rounding(p.precision_y);
      for (int tap = 0; tap < p.count_y[y]; tap++) sum += (unsigned)p.weight_y[y * p.taps_y + tap] * rows[(p.start_y[y] + tap) * stride];
      byte = to_byte((int)sum >> p.precision_y);
    }
  }
  *out = p.lookup[256 * c + byte];
}

}  // namespace

extern "C" int64_t detr4j_cuda_resize_workspace(const detr4j_cuda_resize* p) {
  const int64_t size = p->arithmetic == DETR4J_CUDA_RESIZE_ROUND_EACH_PASS ? 1 : (int64_t)sizeof(int32_t);
  return p->start_x == nullptr ? 0 : (int64_t)p->source_h * p->width * 3 * size;
}

extern "C" int32_t detr4j_cuda_resize_u8(detr4j_cuda_queue* queue, const detr4j_cuda_resize* p) {
  DETR4J_REQUIRE(queue, p->source_h >= 1 && p->source_w >= 1 && p->height >= 1 && p->width >= 1 && p->height <= p->padded_h && p->width <= p->padded_w,
                 "resize: %d x %d to %d x %d in %d x %d", p->source_w, p->source_h, p->width, p->height, p->padded_w, p->padded_h);
  DETR4J_REQUIRE(queue, p->precision_x >= 0 && p->precision_x < 31 && p->precision_y >= 0 && p->precision_y < 31, "resize: %d and %d bits of precision",
                 p->precision_x, p->precision_y);
  DETR4J_REQUIRE(queue, (p->start_x != nullptr || p->width == p->source_w) && (p->start_y != nullptr || p->height == p->source_h),
                 "resize: no table for %d x %d to %d x %d", p->source_w, p->source_h, p->width, p->height);
  const bool two_taps = p->start_x != nullptr && p->start_y != nullptr && p->taps_x == 2 && p->taps_y == 2;
  const bool of_two = p->arithmetic == DETR4J_CUDA_RESIZE_OPENCV_LINEAR || p->arithmetic == DETR4J_CUDA_RESIZE_LINEAR_F32;
  DETR4J_REQUIRE(queue, p->arithmetic == DETR4J_CUDA_RESIZE_ROUND_EACH_PASS || (of_two && two_taps),
                 "resize: arithmetic %d with %d and %d taps", p->arithmetic, p->taps_x, p->taps_y);
  if (p->start_x != nullptr) {
    const int32_t status = run_elements(queue, "resize_u8 horizontal", (int64_t)p->source_h * p->width * 3, horizontal_kernel, *p);
    if (status != DETR4J_CUDA_OK) return status;
  }
  return run_elements(queue, "resize_u8 vertical", (int64_t)p->padded_h * p->padded_w * 3, vertical_kernel, *p);
}
