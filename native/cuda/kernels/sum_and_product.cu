// out = a + b or a * b, four columns a thread where rows allow it.
#include "elementwise.h"

namespace {

enum Joined { SUM, PRODUCT };

template <Joined HOW>
DETR4J_DEVICE float joined(float a, float b) {
  return HOW == SUM ? a + b : a * b;
}

template <Joined HOW, bool ALIGNED>
__global__ void __launch_bounds__(ELEMENT_THREADS) pairs_kernel(const __grid_constant__ detr4j_cuda_add p) {
  const Element e = own_element(p.batch, p.rows, ALIGNED ? p.columns / 4 : p.columns);
  if (!e.there) return;
  const float* a = p.a + e.item * p.a_batch_stride + e.row * p.a_row_stride;
  const float* b = p.b + e.item * p.b_batch_stride + e.row * p.b_row_stride;
  float* out = p.out + e.item * p.out_batch_stride + e.row * p.out_row_stride;
  if (ALIGNED) {
    const float4 x = load4(reinterpret_cast<const float4*>(a) + e.column), y = load4(reinterpret_cast<const float4*>(b) + e.column);
    store4(reinterpret_cast<float4*>(out) + e.column, make_float4(joined<HOW>(x.x, y.x), joined<HOW>(x.y, y.y), joined<HOW>(x.z, y.z), joined<HOW>(x.w, y.w)));
  } else {
    out[e.column] = joined<HOW>(a[e.column], b[e.column]);
  }
}

template <Joined HOW>
int32_t enqueue(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_add& p) {
  DETR4J_REQUIRE(queue, p.batch >= 0 && p.rows >= 0 && p.columns >= 1, "%s: [%d, %lld, %d]", kernel, p.batch, (long long)p.rows, p.columns);
  const bool aligned = p.columns % 4 == 0 && rows_on_16_bytes(p.a, p.a_row_stride, p.a_batch_stride) &&
                       rows_on_16_bytes(p.b, p.b_row_stride, p.b_batch_stride) && rows_on_16_bytes(p.out, p.out_row_stride, p.out_batch_stride);
  const int64_t elements = p.batch * p.rows * p.columns;
  return aligned ? run_elements(queue, kernel, elements / 4, pairs_kernel<HOW, true>, p) : run_elements(queue, kernel, elements, pairs_kernel<HOW, false>, p);
}

}  // namespace

extern "C" int32_t detr4j_cuda_add_f32(detr4j_cuda_queue* queue, const detr4j_cuda_add* p) { return enqueue<SUM>(queue, "add_f32", *p); }

extern "C" int32_t detr4j_cuda_multiply_f32(detr4j_cuda_queue* queue, const detr4j_cuda_add* p) { return enqueue<PRODUCT>(queue, "multiply_f32", *p); }
