// Non-maximum suppression, hard and soft, on one list of boxes in one block.
//
//   begin   every thread puts its boxes into shared memory, shifted by label * (largest coordinate + 1) in fp32 so that classes
//           never meet
//   round   all threads agree on the box that is selected next: the largest key, a key being score and place as in top_k.cu
//           each thread then lowers or drops its own boxes by their overlap with it, and has its best one for the next round
//
// Both kinds are one loop: a score stays as it is in hard suppression, and a box that is covered leaves. A key of 0 is a box
// that no longer competes. A comparison with an overlap of NaN is false: an empty union suppresses nothing in the hard kind;
// in the soft one the Gaussian of NaN is NaN, and a score that is not greater than the threshold is dropped.
#include "../elementary.h"
#include "../queue.h"

namespace {

constexpr int THREADS = 256, WARPS = THREADS / WARP_LANES;

struct Box {
  float x0, y0, x1, y1;
};

struct Shared {
  float largest[WARPS];
  uint64_t best[2][WARPS];  // of each warp, for this round and the next
  struct {
    Box box;
    float score;
    unsigned competes;
  } list[DETR4J_CUDA_NMS_MOST];
};

DETR4J_DEVICE uint64_t key_of(float score, int place) {
  const unsigned bits = __float_as_uint(score);
  const unsigned order = score != score ? 0xffffffffu : bits == 0x80000000u ? bits : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (uint64_t)order << 32 | (0xffffffffu - (unsigned)place);
}

DETR4J_DEVICE float area(const Box& b) { return (b.x1 - b.x0) * (b.y1 - b.y0); }

DETR4J_DEVICE float smaller(float a, float b) { return a < b ? a : b; }
DETR4J_DEVICE float at_least_zero(float a) { return a > 0.0f ? a : 0.0f; }

// NaN coordinates come out through the areas.
DETR4J_DEVICE float overlap_of(const Box& a, const Box& b) {
  const float width = smaller(a.x1, b.x1) - (a.x0 > b.x0 ? a.x0 : b.x0), height = smaller(a.y1, b.y1) - (a.y0 > b.y0 ? a.y0 : b.y0);
  const float common = at_least_zero(width) * at_least_zero(height);
  return common / (area(a) + area(b) - common);
}

DETR4J_DEVICE float decay(const detr4j_cuda_nms& p, float overlap) {
  if (p.decay == DETR4J_CUDA_DECAY_GAUSSIAN) return exp_f32(-(overlap * overlap) / p.sigma);
  if (!(overlap > p.iou_threshold)) return 1.0f;
  return p.decay == DETR4J_CUDA_DECAY_LINEAR ? 1.0f - overlap : 0.0f;
}

template <bool SOFT>
__global__ void __launch_bounds__(THREADS) nms_kernel(const __grid_constant__ detr4j_cuda_nms p) {
  Shared& s = shared_memory<Shared>();  // as much of it as there are boxes
  const int thread = (int)threadIdx.x, lane = thread % WARP_LANES, warp = thread / WARP_LANES;

  float largest = -INFINITY;
  for (int64_t i = thread; i < 4 * (int64_t)p.count; i += THREADS) largest = larger(largest, p.boxes[i]);
  largest = warp_largest(largest);
  if (lane == 0) s.largest[warp] = largest;
  __syncthreads();
  largest = s.largest[0];
  for (int i = 1; i < WARPS; i++) largest = larger(largest, s.largest[i]);
  const float step = largest + 1.0f;
  uint64_t best = 0;
  for (int i = thread; i < p.count; i += THREADS) {
    const float shift = (float)p.labels[i] * step, score = p.scores[i];
    const float* box = p.boxes + 4 * (int64_t)i;
    const bool competes = !SOFT || score > p.score_threshold;
    s.list[i].box = Box{box[0] + shift, box[1] + shift, box[2] + shift, box[3] + shift};
    s.list[i].score = score;
    s.list[i].competes = competes;
    if (competes && key_of(score, i) > best) best = key_of(score, i);
  }

  int kept = 0;
  for (int round = 0;; round ^= 1) {
    for (int distance = 16; distance > 0; distance >>= 1) {
      const uint64_t other = __shfl_xor_sync(ALL_LANES, best, distance);
      best = other > best ? other : best;
    }
    if (lane == 0) s.best[round][warp] = best;
    __syncthreads();
    best = s.best[round][0];
    for (int i = 1; i < WARPS; i++) best = s.best[round][i] > best ? s.best[round][i] : best;
    if (best == 0) break;
    const int taken = (int)(0xffffffffu - (unsigned)best);
    const Box box = s.list[taken].box;
    if (thread == taken % THREADS) {  // the thread whose box it is
      s.list[taken].competes = false;
      p.kept[kept] = taken;
      if (SOFT) p.kept_scores[kept] = s.list[taken].score;
    }
    kept++;
    best = 0;
    for (int i = thread; i < p.count; i += THREADS) {
      if (!s.list[i].competes) continue;
      const float overlap = overlap_of(box, s.list[i].box);
      float score = s.list[i].score;
      bool competes;
      if (SOFT) {
        score *= decay(p, overlap);
        s.list[i].score = score;
        competes = score > p.score_threshold;
      } else {
        competes = !(overlap > p.iou_threshold);
      }
      if (!competes) s.list[i].competes = false;
      if (competes && key_of(score, i) > best) best = key_of(score, i);
    }
  }
  if (thread == 0) *p.kept_count = kept;
}

int32_t most_boxes(const detr4j_cuda_device* device) {
  const size_t fit = (device->shared_memory - offsetof(Shared, list)) / sizeof(Shared::list[0]);
  return fit < DETR4J_CUDA_NMS_MOST ? (int32_t)fit : DETR4J_CUDA_NMS_MOST;
}

template <bool SOFT>
int32_t enqueue(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_nms& p) {
  const int32_t most = most_boxes(queue->device);
  DETR4J_REQUIRE(queue, p.count >= 0 && p.count <= most, "%s: %d boxes; there may be %d", kernel, p.count, most);
  const size_t shared = offsetof(Shared, list) + (size_t)p.count * sizeof(Shared::list[0]);
  return queue->run(kernel, dim3(1), dim3(THREADS), shared, nms_kernel<SOFT>, p);
}

}  // namespace

extern "C" int32_t detr4j_cuda_device_nms_most(const detr4j_cuda_device* device) { return most_boxes(device); }

extern "C" int32_t detr4j_cuda_nms_f32(detr4j_cuda_queue* queue, const detr4j_cuda_nms* p) { return enqueue<false>(queue, "nms_f32", *p); }

extern "C" int32_t detr4j_cuda_soft_nms_f32(detr4j_cuda_queue* queue, const detr4j_cuda_nms* p) {
  DETR4J_REQUIRE(queue, p->decay >= DETR4J_CUDA_DECAY_GAUSSIAN && p->decay <= DETR4J_CUDA_DECAY_HARD, "soft_nms: decay %d", p->decay);
  return enqueue<true>(queue, "soft_nms_f32", *p);
}
