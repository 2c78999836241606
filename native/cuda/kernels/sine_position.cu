// The sine position embedding of a map plus a level embedding, one number a thread. The coordinate is made in fp32 in the order
// of the projects, because outside the valid part it is an offset divided by 1e-6, whose sine hangs on the last bit.
#include "../elementary.h"
#include "elementwise.h"

namespace {

// count: valid rows (columns) up to here; total: valid rows (columns) in all, 0 where the other axis has left the valid part.
DETR4J_DEVICE float coordinate(int count, int total, float offset) {
  return ((float)count + offset) / ((float)total + 1e-6f) * 6.283185307179586f;
}

__global__ void __launch_bounds__(ELEMENT_THREADS) sine_position_kernel(const __grid_constant__ detr4j_cuda_sine_position p) {
  const Element e = own_element(p.batch, (int64_t)p.height * p.width, 2 * p.features);
  if (!e.there) return;
  const int row = (int)(e.row / p.width), column = (int)(e.row % p.width);
  const int valid_h = p.valid[2 * e.item], valid_w = p.valid[2 * e.item + 1];
  const bool of_x = e.column >= p.features;
  const int feature = of_x ? e.column - p.features : e.column;
  const int total = of_x ? (row < valid_h ? valid_w : 0) : (column < valid_w ? valid_h : 0);
  const int count = (of_x ? column : row) + 1;
  const float c = coordinate(count < total ? count : total, total, p.offset);
  float code = sine_f32(c / p.divisors[feature], feature & 1);
  if (p.addend != nullptr) code += p.addend[e.column];
  p.out[e.item * p.out_batch_stride + e.row * p.out_row_stride + e.column] = code;
}

}  // namespace

extern "C" int32_t detr4j_cuda_sine_position_f32(detr4j_cuda_queue* queue, const detr4j_cuda_sine_position* p) {
  DETR4J_REQUIRE(queue, p->features >= 2 && p->features % 2 == 0, "sine_position: %d features", p->features);
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->height >= 1 && p->width >= 1, "sine_position: [%d, %d, %d]", p->batch, p->height, p->width);
  return run_elements(queue, "sine_position_f32", (int64_t)p->batch * p->height * p->width * 2 * p->features, sine_position_kernel, *p);
}
