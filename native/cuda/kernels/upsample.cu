// Every pixel factor x factor times, four channels a thread where rows allow it. A thread writes one output.
#include "elementwise.h"

namespace {

template <bool ALIGNED>
__global__ void __launch_bounds__(ELEMENT_THREADS) upsample_kernel(const __grid_constant__ detr4j_cuda_upsample p) {
  const int out_w = p.factor * p.in_w;
  const Element e = own_element(p.batch, (int64_t)p.factor * p.in_h * out_w, ALIGNED ? p.channels / 4 : p.channels);
  if (!e.there) return;
  const int64_t from = e.row / out_w / p.factor * p.in_w + e.row % out_w / p.factor;
  const float* x = p.x + e.item * p.x_batch_stride + from * p.x_row_stride;
  float* out = p.out + e.item * p.out_batch_stride + e.row * p.out_row_stride;
  if (ALIGNED) {
    store4(reinterpret_cast<float4*>(out) + e.column, load4(reinterpret_cast<const float4*>(x) + e.column));
  } else {
    out[e.column] = x[e.column];
  }
}

}  // namespace

extern "C" int32_t detr4j_cuda_upsample_f32(detr4j_cuda_queue* queue, const detr4j_cuda_upsample* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->in_h >= 1 && p->in_w >= 1 && p->channels >= 1 && p->factor >= 1 && p->factor <= INT32_MAX / p->in_w,
                 "upsample: [%d, %d, %d, %d] by %d", p->batch, p->in_h, p->in_w, p->channels, p->factor);
  const bool aligned = p->channels % 4 == 0 && rows_on_16_bytes(p->x, p->x_row_stride, p->x_batch_stride) &&
                       rows_on_16_bytes(p->out, p->out_row_stride, p->out_batch_stride);
  const int64_t elements = (int64_t)p->batch * p->factor * p->in_h * p->factor * p->in_w * p->channels;
  return aligned ? run_elements(queue, "upsample_f32", elements / 4, upsample_kernel<true>, *p)
                 : run_elements(queue, "upsample_f32", elements, upsample_kernel<false>, *p);
}
