// What D-FINE makes of distributions over distances: boxes, and how sure the distributions are. A warp is a query.
//
//   boxes           8 lanes a side; each adds e^(logit - largest), and that times the bin's worth, over every eighth bin
//   probabilities   a group after the other, the whole warp; the k largest are found one by one, each the largest key below the
//                   one before, a key being logit and place, so that no two are equal
//
// NaN or infinity among the logits makes the sum of a side, or of a group, NaN.
#include "../elementary.h"
#include "../queue.h"

namespace {

constexpr int WARPS = 4, SIDES = 4, SIDE_LANES = WARP_LANES / SIDES;

struct Query {
  int64_t item, row;
  bool there;
};

DETR4J_DEVICE Query own_query(const detr4j_cuda_distribution& p) {
  const int64_t index = (int64_t)blockIdx.x * WARPS + threadIdx.x / WARP_LANES;
  return Query{index / p.queries, index % p.queries, index < (int64_t)p.batch * p.queries};
}

__global__ void __launch_bounds__(WARP_LANES* WARPS) distance_boxes_kernel(const __grid_constant__ detr4j_cuda_distribution p) {
  const Query query = own_query(p);
  if (!query.there) return;  // a whole warp
  const int lane = (int)threadIdx.x % WARP_LANES, side = lane / SIDE_LANES, part = lane % SIDE_LANES, axis = side % 2;
  const float* logits = p.logits + query.item * p.logits_batch_stride + query.row * p.logits_row_stride + side * p.bins;
  const float* start = p.boxes + query.item * p.boxes_batch_stride + query.row * p.boxes_row_stride;
  float largest = -INFINITY, total = 0.0f, sum = 0.0f;
  for (int b = part; b < p.bins; b += SIDE_LANES) largest = larger(largest, logits[b]);
#pragma unroll
  for (int distance = SIDE_LANES / 2; distance > 0; distance >>= 1) largest = larger(largest, __shfl_xor_sync(ALL_LANES, largest, distance));
  for (int b = part; b < p.bins; b += SIDE_LANES) {
    const float weight = exp_f32(logits[b] - largest);
    total += weight;
    sum = __fmaf_rn(weight, p.worth[b], sum);
  }
#pragma unroll
  for (int distance = SIDE_LANES / 2; distance > 0; distance >>= 1) {
    total += __shfl_xor_sync(ALL_LANES, total, distance);
    sum += __shfl_xor_sync(ALL_LANES, sum, distance);
  }
  const float scale = fabsf(p.scale[0]), size = start[2 + axis];
  const float reach = (0.5f * scale + sum / total) * size / scale;
  const float corner = start[axis] + (side < 2 ? -reach : reach);
  // The sides of one axis are two sides apart: lane 0 of the first gets the second's.
  const float opposite = __shfl_xor_sync(ALL_LANES, corner, 2 * SIDE_LANES);
  if (part == 0 && side < 2) {
    float* out = p.out + query.item * p.out_batch_stride + query.row * p.out_row_stride;
    out[axis] = (corner + opposite) * 0.5f;
    out[2 + axis] = opposite - corner;
  }
}

// Grows with the logit and falls with the place; above 0 and below the largest number, also for a NaN.
DETR4J_DEVICE uint64_t key_of(float logit, int place) {
  const unsigned bits = __float_as_uint(logit);
  const unsigned order = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (uint64_t)order << 32 | (0xfffffffeu - (unsigned)place);
}

__global__ void __launch_bounds__(WARP_LANES* WARPS) top_probabilities_kernel(const __grid_constant__ detr4j_cuda_distribution p) {
  const Query query = own_query(p);
  if (!query.there) return;  // a whole warp
  const int lane = (int)threadIdx.x % WARP_LANES;
  for (int group = 0; group < p.groups; group++) {
    const float* logits = p.logits + query.item * p.logits_batch_stride + query.row * p.logits_row_stride + (int64_t)group * p.bins;
    float* out = p.out + query.item * p.out_batch_stride + query.row * p.out_row_stride + (int64_t)group * (p.k + 1);
    float largest = -INFINITY, total = 0.0f, mean = 0.0f;
    for (int b = lane; b < p.bins; b += WARP_LANES) largest = larger(largest, logits[b]);
    largest = warp_largest(largest);
    for (int b = lane; b < p.bins; b += WARP_LANES) total += exp_f32(logits[b] - largest);
    total = warp_sum(total);
    uint64_t last = ~(uint64_t)0;
    for (int i = 0; i < p.k; i++) {
      uint64_t best = 0;
      for (int b = lane; b < p.bins; b += WARP_LANES) {
        const uint64_t key = key_of(logits[b], b);
        if (key < last && key > best) best = key;
      }
#pragma unroll
      for (int distance = 16; distance > 0; distance >>= 1) {
        const uint64_t other = __shfl_xor_sync(ALL_LANES, best, distance);
        best = other > best ? other : best;
      }
      last = best;
      const float probability = exp_f32(logits[0xfffffffeu - (unsigned)best] - largest) / total;
      mean += probability;
      if (lane == 0) out[i] = probability;
    }
    if (lane == 0) out[p.k] = mean / (float)p.k;
  }
}

int32_t enqueue(detr4j_cuda_queue* queue, const char* kernel, void (*function)(detr4j_cuda_distribution), const detr4j_cuda_distribution& p) {
  DETR4J_REQUIRE(queue, p.batch >= 0 && p.queries >= 0 && p.groups >= 1 && p.bins >= 1 && (int64_t)p.groups * p.bins <= INT32_MAX,
                 "%s: [%d, %d] of %d groups of %d bins", kernel, p.batch, p.queries, p.groups, p.bins);
  const int64_t queries = (int64_t)p.batch * p.queries;
  DETR4J_REQUIRE(queue, queries / WARPS < INT32_MAX, "%s: %lld queries", kernel, (long long)queries);
  if (queries == 0) return DETR4J_CUDA_OK;
  return queue->run(kernel, dim3(blocks_of(queries, WARPS)), dim3(WARP_LANES * WARPS), 0, function, p);
}

}  // namespace

extern "C" int32_t detr4j_cuda_distance_boxes_f32(detr4j_cuda_queue* queue, const detr4j_cuda_distribution* p) {
  DETR4J_REQUIRE(queue, p->groups == SIDES, "distance_boxes: %d sides; there are %d", p->groups, SIDES);
  return enqueue(queue, "distance_boxes_f32", distance_boxes_kernel, *p);
}

extern "C" int32_t detr4j_cuda_top_probabilities_f32(detr4j_cuda_queue* queue, const detr4j_cuda_distribution* p) {
  DETR4J_REQUIRE(queue, p->k >= 1 && p->k <= p->bins, "top_probabilities: the %d largest of %d", p->k, p->bins);
  return enqueue(queue, "top_probabilities_f32", top_probabilities_kernel, *p);
}
