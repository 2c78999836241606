// Attention, out = softmax(q k^T scale) v for each head, in one kernel: the scores never leave the multiprocessor.
//
//   a block   32 queries of one head of one item, 8 a warp
//   a round   32 keys and values in shared memory, for all warps
//               scores    a lane is a key: 8 sums over head_dim, the key's row against the warp's queries
//               softmax   online (Milakov and Gimelshein 2018): the largest score so far, and the sum of e^(score - largest);
//                         what was summed before shrinks by e^(old largest - new)
//               values    a lane is a channel (or CHUNKS of them): 8 x CHUNKS sums over the keys of the round
//
// Rows of keys are one word longer than head_dim, so that 32 lanes reading 32 rows meet 32 banks. Keys that the mask leaves
// out have weight 0 and count as zeros, whatever they hold. The last division is by the sum. Maps
// may be bf16 in memory; nothing that is computed is.
#include "../elementary.h"
#include "../queue.h"
#include "numbers.h"

namespace {

constexpr int WARPS = 4, QUERIES = 8, KEYS = WARP_LANES;

template <int CHUNKS>
struct Shared {
  static constexpr int DIM = CHUNKS * WARP_LANES;
  float q[WARPS * QUERIES][DIM];
  float k[KEYS][DIM + 1];
  float v[KEYS][DIM];
  float weight[WARPS][QUERIES][KEYS];
  bool valid[KEYS];
};

template <int CHUNKS>
__global__ void __launch_bounds__(WARP_LANES* WARPS) attention_kernel(const __grid_constant__ detr4j_cuda_attention p) {
  Shared<CHUNKS>& s = shared_memory<Shared<CHUNKS>>();
  const int thread = (int)threadIdx.x, lane = thread % WARP_LANES, warp = thread / WARP_LANES;
  const int head = (int)blockIdx.y, item = (int)blockIdx.z, dim = p.head_dim;
  const int first = (int)blockIdx.x * WARPS * QUERIES, own = warp * QUERIES;
  const int64_t q = item * p.q_batch_stride + head * dim, k = item * p.k_batch_stride + head * dim, v = item * p.v_batch_stride + head * dim;
  const uint8_t* mask = p.key_mask == nullptr ? nullptr : p.key_mask + (int64_t)item * p.keys;

  // Past head_dim and past the last query there are zeros.
  for (int i = thread; i < WARPS * QUERIES * CHUNKS * WARP_LANES; i += WARP_LANES * WARPS) {
    const int query = i / (CHUNKS * WARP_LANES), d = i % (CHUNKS * WARP_LANES);
    s.q[query][d] = d < dim && first + query < p.queries ? number_at(p.q, p.q_type, q + (first + query) * p.q_row_stride + d) : 0.0f;
  }
  float largest[QUERIES], total[QUERIES], sum[QUERIES][CHUNKS];
#pragma unroll
  for (int i = 0; i < QUERIES; i++) {
    largest[i] = -INFINITY;
    total[i] = 0.0f;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) sum[i][c] = 0.0f;
  }

  for (int begin = 0; begin < p.keys; begin += KEYS) {
    __syncthreads();  // everyone has read the round before, and the queries are there
    for (int i = thread; i < KEYS * CHUNKS * WARP_LANES; i += WARP_LANES * WARPS) {
      const int key = i / (CHUNKS * WARP_LANES), d = i % (CHUNKS * WARP_LANES);
      const bool there = d < dim && begin + key < p.keys && (mask == nullptr || mask[begin + key] != 0);
      s.k[key][d] = there ? number_at(p.k, p.k_type, k + (begin + key) * p.k_row_stride + d) : 0.0f;
      s.v[key][d] = there ? number_at(p.v, p.v_type, v + (begin + key) * p.v_row_stride + d) : 0.0f;
    }
    if (thread < KEYS) s.valid[thread] = begin + thread < p.keys && (mask == nullptr || mask[begin + thread] != 0);
    __syncthreads();

    float score[QUERIES];
#pragma unroll
    for (int i = 0; i < QUERIES; i++) score[i] = 0.0f;
#pragma unroll 4
    for (int d = 0; d < dim; d++) {
      const float key = s.k[lane][d];
#pragma unroll
      for (int i = 0; i < QUERIES; i++) score[i] = __fmaf_rn(s.q[own + i][d], key, score[i]);
    }
    const bool valid = s.valid[lane];
#pragma unroll
    for (int i = 0; i < QUERIES; i++) {
      const float scaled = valid ? score[i] * p.scale : -INFINITY;
      const float now = larger(largest[i], warp_largest(scaled));
      // Before the first valid key the largest is -infinity, and there is nothing to shrink.
      const float shrink = largest[i] == -INFINITY ? 0.0f : exp_f32(largest[i] - now);
      const float weight = valid ? exp_f32(scaled - now) : 0.0f;
      largest[i] = now;
      total[i] = total[i] * shrink + warp_sum(weight);
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) sum[i][c] *= shrink;
      s.weight[warp][i][lane] = weight;
    }
    __syncwarp();  // the warp's weights are there
#pragma unroll 4
    for (int key = 0; key < KEYS; key++) {
      float value[CHUNKS];
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) value[c] = s.v[key][lane + WARP_LANES * c];
#pragma unroll
      for (int i = 0; i < QUERIES; i++) {
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) sum[i][c] = __fmaf_rn(s.weight[warp][i][key], value[c], sum[i][c]);
      }
    }
    __syncwarp();  // before the next round's weights
  }

#pragma unroll
  for (int i = 0; i < QUERIES; i++) {
    const int query = first + own + i;
    if (query >= p.queries) break;
    const int64_t out = item * p.out_batch_stride + query * p.out_row_stride + head * dim;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
      const int d = lane + WARP_LANES * c;
      if (d < dim) put_number(p.out, p.out_type, out + d, sum[i][c] / total[i]);
    }
  }
}

template <int CHUNKS>
int32_t enqueue(detr4j_cuda_queue* queue, const detr4j_cuda_attention& p) {
  const dim3 grid(blocks_of(p.queries, WARPS * QUERIES), (unsigned)p.heads, (unsigned)p.batch);
  return queue->run("attention_f32", grid, dim3(WARP_LANES * WARPS), sizeof(Shared<CHUNKS>), attention_kernel<CHUNKS>, p);
}

}  // namespace

extern "C" int32_t detr4j_cuda_attention_f32(detr4j_cuda_queue* queue, const detr4j_cuda_attention* p) {
  DETR4J_REQUIRE(queue, p->batch >= 1 && p->batch <= 65535 && p->heads >= 1 && p->heads <= 65535 && p->queries >= 0 && p->keys >= 1,
                 "attention: %d items, %d heads, %d queries, %d keys", p->batch, p->heads, p->queries, p->keys);
  DETR4J_REQUIRE(queue, p->head_dim >= 1 && p->head_dim <= 256, "attention: %d channels a head; there may be 256", p->head_dim);
  DETR4J_REQUIRE(queue, is_number_type(p->q_type) && is_number_type(p->k_type) && is_number_type(p->v_type) && is_number_type(p->out_type),
                 "attention: types %d, %d, %d and %d", p->q_type, p->k_type, p->v_type, p->out_type);
  if (p->queries == 0) return DETR4J_CUDA_OK;
  if (p->head_dim <= 32) return enqueue<1>(queue, *p);
  if (p->head_dim <= 64) return enqueue<2>(queue, *p);
  return p->head_dim <= 128 ? enqueue<4>(queue, *p) : enqueue<8>(queue, *p);
}
