// Deformable attention with values of single cells, a warp a head of a query; a lane is a channel, or every 32nd one.
//
//   softmax   over the samples, the lanes side by side
//   round     32 samples: each lane has one sample's weight and cell, and gives both to the warp in turn
//
// A cell is chosen in fp32 in the order of the contract, because the last bit may decide. Comparisons in floats hold it on
// its map before it becomes a whole number, where NaN becomes 0.
#include "../elementary.h"
#include "../queue.h"

namespace {

constexpr int WARPS = 8;

DETR4J_DEVICE int cell_on_axis(float centre, float size, float offset, int points, int extent) {
  const float location = centre + offset / (float)points * size * 0.5f, cell = location * (float)extent + 0.5f;
  return cell >= (float)extent ? extent - 1 : cell > 0.0f ? (int)cell : 0;
}

__global__ void __launch_bounds__(WARP_LANES* WARPS) cell_attention_kernel(const __grid_constant__ detr4j_cuda_cell_attention p) {
  const int lane = (int)threadIdx.x % WARP_LANES, warp = (int)threadIdx.x / WARP_LANES;
  const int64_t unit = (int64_t)blockIdx.x * WARPS + warp;
  if (unit >= (int64_t)p.batch * p.queries * p.heads) return;  // a whole warp
  const int head = (int)(unit % p.heads), samples = p.levels_count * p.points;
  const int64_t query = unit / p.heads % p.queries, item = unit / p.heads / p.queries;
  const float* logits = p.logits + item * p.logits_batch_stride + query * p.logits_row_stride + (int64_t)head * samples;
  const float* offsets = p.offsets + item * p.offsets_batch_stride + query * p.offsets_row_stride + (int64_t)head * samples * 2;
  const float* reference = p.reference + item * p.reference_batch_stride + query * p.reference_row_stride;

  float largest = -INFINITY, total = 0.0f;
  for (int i = lane; i < samples; i += WARP_LANES) largest = larger(largest, logits[i]);
  largest = warp_largest(largest);
  for (int i = lane; i < samples; i += WARP_LANES) total += exp_f32(logits[i] - largest);
  total = warp_sum(total);

  const float* value = p.value + item * p.value_batch_stride + head * p.head_dim;
  float* out = p.out + item * p.out_batch_stride + query * p.out_row_stride + head * p.head_dim;
  for (int first = 0; first < p.head_dim; first += WARP_LANES) {
    const int channel = first + lane;
    float sum = 0.0f;
    for (int begin = 0; begin < samples; begin += WARP_LANES) {
      float weight = 0.0f;
      int token = 0;
      if (begin + lane < samples) {
        const int sample = begin + lane;
        const int* level = p.levels + 3 * (sample / p.points);
        const int column = cell_on_axis(reference[0], reference[2], offsets[2 * sample], p.points, level[1]);
        const int row = cell_on_axis(reference[1], reference[3], offsets[2 * sample + 1], p.points, level[0]);
        weight = exp_f32(logits[sample] - largest);
        token = level[2] + row * level[1] + column;
      }
      const int count = samples - begin < WARP_LANES ? samples - begin : WARP_LANES;
      for (int i = 0; i < count; i++) {
        const float w = __shfl_sync(ALL_LANES, weight, i);
        const int t = __shfl_sync(ALL_LANES, token, i);
        if (channel < p.head_dim) sum = __fmaf_rn(w, value[t * p.value_row_stride + channel], sum);
      }
    }
    if (channel < p.head_dim) out[channel] = sum / total;
  }
}

}  // namespace

extern "C" int32_t detr4j_cuda_cell_attention_f32(detr4j_cuda_queue* queue, const detr4j_cuda_cell_attention* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->queries >= 0 && p->heads >= 1 && p->head_dim >= 1 && p->tokens >= 1,
                 "cell_attention: %d items, %d queries, %d tokens, %d heads of %d", p->batch, p->queries, p->tokens, p->heads, p->head_dim);
  DETR4J_REQUIRE(queue, p->levels_count >= 1 && p->points >= 1, "cell_attention: %d levels of %d points", p->levels_count, p->points);
  const int64_t units = (int64_t)p->batch * p->queries * p->heads;
  DETR4J_REQUIRE(queue, units / WARPS < INT32_MAX, "cell_attention: %lld heads of queries", (long long)units);
  if (units == 0) return DETR4J_CUDA_OK;
  return queue->run("cell_attention_f32", dim3(blocks_of(units, WARPS)), dim3(WARP_LANES * WARPS), 0, cell_attention_kernel, *p);
}
