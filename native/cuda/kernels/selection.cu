// The detections of each image, selected where its network ran: a block is one image.
//
//   finite    every thread looks at its logits and boxes
//   ranked    the k largest logits in order (ranking.h), each with its sigmoid
//   best      a warp is a query: its largest logit but the last, which is "no object", and softmax over all of them
//   entries   a thread is an entry: the corners of its box in pixels, and whether it is a detection
//   others    entries that are none repeat the corners of the first that is, so that they change no suppression behind this
//
// Scores are computed in double, of fp32 differences as on the processors: so rounding to fp32 gives the bits that they have,
// but for ties of rounding.
#include "../elementary.h"
#include "ranking.h"

namespace {

constexpr int THREADS = RANKING_THREADS, WARPS = THREADS / WARP_LANES;

struct Common {
  unsigned not_finite;
  int first[WARPS];  // the first detection among the entries of each warp
};

struct RankedShared {
  Common common;
  Ranking ranking;  // last, as its keys are
};

struct Entry {
  int query, label;
  float score;  // NaN where it is no detection
};

DETR4J_DEVICE void count_not_finite(unsigned& counter, const float* x, int rows, int columns, int64_t row_stride) {
  for (int i = (int)threadIdx.x; i < rows * columns; i += THREADS) {
    const float v = x[i / columns * row_stride + i % columns];
    if (v - v != 0.0f) atomicAdd(&counter, 1u);
  }
}

DETR4J_DEVICE void look_for_numbers(const detr4j_cuda_selection& p, int64_t item, Common& s) {
  if (threadIdx.x == 0) s.not_finite = 0;
  __syncthreads();
  count_not_finite(s.not_finite, p.logits + item * p.logits_batch_stride, p.queries, p.classes, p.logits_row_stride);
  count_not_finite(s.not_finite, p.boxes + item * p.boxes_batch_stride, p.queries, 4, p.boxes_row_stride);
  __syncthreads();
  if (threadIdx.x == 0) p.finite[item] = s.not_finite == 0;
}

// NaN stays NaN.
DETR4J_DEVICE float clip(float v, float limit) { return v > limit ? limit : v <= 0.0f ? 0.0f : v; }

// Writes the entries of an image; entry_of(i) gives one.
template <class EntryOf>
DETR4J_DEVICE void write_entries(const detr4j_cuda_selection& p, int64_t item, Common& s, EntryOf entry_of) {
  const int thread = (int)threadIdx.x, lane = thread % WARP_LANES, warp = thread / WARP_LANES;
  const float width = p.extents[2 * item], height = p.extents[2 * item + 1];
  float* corners = p.corners + item * p.k * 4;
  float* scores = p.scores + item * p.k;
  int first = p.k;
  for (int i = thread; i < p.k; i += THREADS) {
    const Entry e = entry_of(i);
    const float* box = p.boxes + item * p.boxes_batch_stride + e.query * p.boxes_row_stride;
    const float half_width = 0.5f * box[2], half_height = 0.5f * box[3];
    float x0 = (box[0] - half_width) * width, y0 = (box[1] - half_height) * height;
    float x1 = (box[0] + half_width) * width, y1 = (box[1] + half_height) * height;
    if (p.edges != DETR4J_CUDA_EDGES_KEPT) x0 = clip(x0, width), y0 = clip(y0, height), x1 = clip(x1, width), y1 = clip(y1, height);
    const bool empty = p.edges == DETR4J_CUDA_EDGES_CLIPPED_AND_EMPTY_DROPPED && !(x1 - x0 > 0.0f && y1 - y0 > 0.0f);
    const bool detection = e.score == e.score && !empty;
    if (detection) {
      first = first < i ? first : i;
      corners[4 * i] = x0, corners[4 * i + 1] = y0, corners[4 * i + 2] = x1, corners[4 * i + 3] = y1;
    }
    scores[i] = detection ? e.score : -INFINITY;
    p.labels[item * p.k + i] = detection ? e.label : 0;
    p.owners[item * p.k + i] = detection ? e.query : 0;
  }
  for (int distance = 16; distance > 0; distance >>= 1) {
    const int other = __shfl_xor_sync(ALL_LANES, first, distance);
    first = other < first ? other : first;
  }
  if (lane == 0) s.first[warp] = first;
  __syncthreads();
  for (int i = 0; i < WARPS; i++) first = s.first[i] < first ? s.first[i] : first;
  for (int i = thread; i < p.k; i += THREADS) {  // the entries that this thread wrote above
    if (scores[i] != -INFINITY) continue;
    for (int c = 0; c < 4; c++) corners[4 * i + c] = first < p.k ? corners[4 * first + c] : 0.0f;
  }
}

__global__ void __launch_bounds__(THREADS) select_ranked_kernel(const __grid_constant__ detr4j_cuda_selection p) {
  RankedShared& s = shared_memory<RankedShared>();
  const int64_t item = blockIdx.x;
  look_for_numbers(p, item, s.common);
  const float* logits = p.logits + item * p.logits_batch_stride;
  auto logit_of = [&](int index) { return logits[index / p.classes * p.logits_row_stride + index % p.classes]; };
  rank(s.ranking, p.queries * p.classes, p.k, logit_of);
  write_entries(p, item, s.common, [&](int i) {
    const int index = ranking_index(s.ranking.keys[i]);
    const float score = (float)(1.0 / (1.0 + exp_f64(-(double)logit_of(index))));
    return Entry{index / p.classes, p.first_label + index % p.classes, score};
  });
}

__global__ void __launch_bounds__(THREADS, 1) select_best_classes_kernel(const __grid_constant__ detr4j_cuda_selection p) {
  Common& s = shared_memory<Common>();
  const int64_t item = blockIdx.x;
  const int lane = (int)threadIdx.x % WARP_LANES, warp = (int)threadIdx.x / WARP_LANES;
  look_for_numbers(p, item, s);
  for (int query = warp; query < p.queries; query += WARPS) {
    const float* logits = p.logits + item * p.logits_batch_stride + query * p.logits_row_stride;
    uint64_t best = 0;  // a NaN among the logits makes the score NaN, whatever is best
    for (int c = lane; c < p.classes - 1; c += WARP_LANES) {
      const uint64_t key = ranking_key(logits[c], c);
      best = key > best ? key : best;
    }
    for (int distance = 16; distance > 0; distance >>= 1) {
      const uint64_t other = __shfl_xor_sync(ALL_LANES, best, distance);
      best = other > best ? other : best;
    }
    const int label = ranking_index(best);
    const float of_best = logits[label], no_object = logits[p.classes - 1];
    const float largest = larger(of_best, no_object);
    double sum = 0.0;
    for (int c = lane; c < p.classes; c += WARP_LANES) sum += exp_f64((double)(logits[c] - largest));
    sum = warp_sum(sum);
    const float score = (float)(exp_f64((double)(of_best - largest)) / sum);
    if (lane == 0) {
      p.scores[item * p.k + query] = p.only_classes && no_object > of_best ? NAN : score;
      p.labels[item * p.k + query] = label;
    }
  }
  __syncthreads();
  write_entries(p, item, s, [&](int i) { return Entry{i, p.labels[item * p.k + i], p.scores[item * p.k + i]}; });
}

int32_t check(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_selection& p) {
  DETR4J_REQUIRE(queue, p.batch >= 0 && p.queries >= 0 && p.classes >= 1 && (int64_t)p.queries * p.classes <= RANKING_MOST, "%s: of [%d, %d, %d]", kernel, p.batch,
                 p.queries, p.classes);
  return DETR4J_CUDA_OK;
}

}  // namespace

extern "C" int32_t detr4j_cuda_select_ranked_f32(detr4j_cuda_queue* queue, const detr4j_cuda_selection* p) {
  const int32_t status = check(queue, "select_ranked", *p);
  if (status != DETR4J_CUDA_OK) return status;
  const int32_t most = detr4j_cuda_device_top_k_most(queue->device), count = p->queries * p->classes;
  DETR4J_REQUIRE(queue, p->k >= 1 && p->k <= count && p->k <= most, "select_ranked: %d of %d logits; there may be %d", p->k, count, most);
  DETR4J_REQUIRE(queue, p->edges >= DETR4J_CUDA_EDGES_KEPT && p->edges <= DETR4J_CUDA_EDGES_CLIPPED_AND_EMPTY_DROPPED, "select_ranked: edges %d", p->edges);
  if (p->batch == 0) return DETR4J_CUDA_OK;
  return queue->run("select_ranked_f32", dim3((unsigned)p->batch), dim3(THREADS), offsetof(RankedShared, ranking) + ranking_bytes(p->k), select_ranked_kernel, *p);
}

extern "C" int32_t detr4j_cuda_select_best_classes_f32(detr4j_cuda_queue* queue, const detr4j_cuda_selection* p) {
  const int32_t status = check(queue, "select_best_classes", *p);
  if (status != DETR4J_CUDA_OK) return status;
  DETR4J_REQUIRE(queue, p->classes >= 2 && p->k == p->queries, "select_best_classes: %d entries of %d queries with %d logits each", p->k, p->queries, p->classes);
  DETR4J_REQUIRE(queue, p->edges == DETR4J_CUDA_EDGES_KEPT, "select_best_classes: edges %d", p->edges);
  if (p->batch == 0) return DETR4J_CUDA_OK;
  return queue->run("select_best_classes_f32", dim3((unsigned)p->batch), dim3(THREADS), sizeof(Common), select_best_classes_kernel, *p);
}
