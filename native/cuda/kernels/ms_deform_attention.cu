// Multi-scale deformable attention, fused: softmax, locations, bilinear samples and their weighted sum in one kernel.
//
//   a warp    32 / LANES heads of one query; LANES lanes share a head, WIDE channels a lane at a time
//   table     the lanes of a head prepare ROUND of its samples: four corner weights and four cells each, into shared memory
//   sums      every lane walks the table: the weights are the same address for a head's lanes, the cells' channels are LANES x
//             WIDE numbers in a row
//
// The table is two planes of 16-byte entries, so that the lanes of a head write rows without a gap; one entry more than ROUND
// keeps heads in different banks. A corner off the map has cell NOWHERE: it is neither read nor multiplied, so no other cell's
// infinity can turn into NaN. A NaN among offsets, logits or references makes `taint` NaN, where every sum of this query and
// head begins. Coordinates are held to just outside the map before they become whole numbers.
#include "../elementary.h"
#include "../queue.h"

namespace {

constexpr int WARPS = 8, ROUND = 16;
constexpr unsigned NOWHERE = 0xffffffffu;

template <int HEADS>
struct Table {
  float4 weight[WARPS][HEADS][ROUND + 1];
  uint4 cell[WARPS][HEADS][ROUND + 1];
};

template <int LANES>
DETR4J_DEVICE float sum_of_head(float v) {
#pragma unroll
  for (int distance = LANES / 2; distance > 0; distance >>= 1) v += __shfl_xor_sync(ALL_LANES, v, distance);
  return v;
}
template <int LANES>
DETR4J_DEVICE float largest_of_head(float v) {
#pragma unroll
  for (int distance = LANES / 2; distance > 0; distance >>= 1) v = larger(v, __shfl_xor_sync(ALL_LANES, v, distance));
  return v;
}

// Where a query looks on one axis of one level, in cells; centre and reach are of the reference in 0..1.
struct Axis {
  float centre, reach;
};
DETR4J_DEVICE float located(const Axis& axis, float ratio, float offset, int extent, bool box) {
  const float whole = (float)extent;
  const float pixel = box ? __fmaf_rn(offset, axis.reach * ratio, axis.centre * ratio) * whole - 0.5f
                          : __fmaf_rn(axis.centre * ratio, whole, offset - 0.5f);
  return pixel < -2.0f ? -2.0f : pixel > whole ? whole : pixel;  // NaN stays NaN
}

template <int LANES, int WIDE>
__global__ void __launch_bounds__(WARP_LANES* WARPS, 3) ms_deform_attention_kernel(const __grid_constant__ detr4j_cuda_ms_deform_attention p) {
  constexpr int HEADS = WARP_LANES / LANES;
  Table<HEADS>& table = shared_memory<Table<HEADS>>();
  const int lane = (int)threadIdx.x % WARP_LANES, warp = (int)threadIdx.x / WARP_LANES, part = lane % LANES, slot = lane / LANES;
  const int head_groups = (p.heads + HEADS - 1) / HEADS;
  const int64_t unit = (int64_t)blockIdx.x * WARPS + warp;
  if (unit >= (int64_t)p.batch * p.queries * head_groups) return;  // a whole warp
  const int head = (int)(unit % head_groups) * HEADS + slot;
  const int64_t query = unit / head_groups % p.queries, item = unit / head_groups / p.queries;
  const bool active = head < p.heads;  // the other lanes go through the same shuffles
  const int samples = p.levels_count * p.points;
  const float* logits = p.logits + item * p.logits_batch_stride + query * p.logits_row_stride + (active ? head : 0) * samples;
  const float* offsets = p.offsets + item * p.offsets_batch_stride + query * p.offsets_row_stride + (int64_t)(active ? head : 0) * samples * 2;
  const float* reference = p.reference + item * p.reference_batch_stride + query * p.reference_row_stride;
  const float* ratios = p.valid_ratios + item * p.levels_count * 2;

  float largest = -INFINITY;
  for (int i = part; i < samples; i += LANES) largest = larger(largest, logits[i]);
  largest = largest_of_head<LANES>(largest);
  float total = 0.0f;
  for (int i = part; i < samples; i += LANES) total += exp_f32(logits[i] - largest);
  total = sum_of_head<LANES>(total);
  const float scale = 1.0f / total;
  const bool box = p.reference_columns == 4;
  const Axis along_x{reference[0], box ? reference[2] * 0.5f / (float)p.points : 0.0f};
  const Axis along_y{reference[1], box ? reference[3] * 0.5f / (float)p.points : 0.0f};

  const int out_dim = p.shared_value ? p.head_dim + 1 : p.head_dim;
  const float* value = p.value + item * p.value_batch_stride + (p.shared_value || !active ? 0 : head * p.head_dim);
  float* out = p.out + item * p.out_batch_stride + query * p.out_row_stride + (int64_t)head * out_dim;
  float taint = 0.0f * total, tainted = 0.0f, on_maps = 0.0f;  // tainted: what this lane has seen of it
  for (int channel = part * WIDE, chunk = 0; chunk * LANES * WIDE < p.head_dim; chunk++, channel += LANES * WIDE) {
    float sum[WIDE];
#pragma unroll
    for (int c = 0; c < WIDE; c++) sum[c] = 0.0f;
    for (int begin = 0; begin < samples; begin += ROUND) {
      const int count = samples - begin < ROUND ? samples - begin : ROUND;
      if (chunk == 0 || samples > ROUND) {  // else the table is still there
        __syncwarp();                       // nobody reads the round before any more
        for (int i = part; i < count; i += LANES) {
          const int sample = begin + i, level = sample / p.points;
          const int height = p.levels[3 * level], width = p.levels[3 * level + 1], first = p.levels[3 * level + 2];
          const float x = located(along_x, ratios[2 * level], offsets[2 * sample], width, box);
          const float y = located(along_y, ratios[2 * level + 1], offsets[2 * sample + 1], height, box);
          tainted += (x - x) + (y - y);
          const bool number = x - x + (y - y) == 0.0f;
          const float floor_x = number ? floorf(x) : 0.0f, floor_y = number ? floorf(y) : 0.0f;
          const float fx = x - floor_x, fy = y - floor_y, a = exp_f32(logits[sample] - largest) * scale;
          const float top = a * (1.0f - fy), bottom = a * fy;
          const float weight[4] = {top * (1.0f - fx), top * fx, bottom * (1.0f - fx), bottom * fx};
          unsigned cell[4];
#pragma unroll
          for (int c = 0; c < 4; c++) {
            const int column = (int)floor_x + c % 2, row = (int)floor_y + c / 2;
            const bool on = (unsigned)column < (unsigned)width && (unsigned)row < (unsigned)height;
            cell[c] = on ? (unsigned)(first + row * width + column) : NOWHERE;
            if (on && chunk == 0) on_maps += weight[c];
          }
          store4(&table.weight[warp][slot][i], make_float4(weight[0], weight[1], weight[2], weight[3]));
          store4(&table.cell[warp][slot][i], make_uint4(cell[0], cell[1], cell[2], cell[3]));
        }
        __syncwarp();  // the table is there
      }
      if (!active || channel >= p.head_dim) continue;
      for (int i = 0; i < count; i++) {
        const float4 w = load4(&table.weight[warp][slot][i]);
        const uint4 at = load4(&table.cell[warp][slot][i]);
        const float weight[4] = {w.x, w.y, w.z, w.w};
        const unsigned cell[4] = {at.x, at.y, at.z, at.w};
#pragma unroll
        for (int c = 0; c < 4; c++) {
          if (cell[c] == NOWHERE) continue;
          const float* from = value + cell[c] * p.value_row_stride + channel;
          if (WIDE == 4) {
            const float4 v = load4(reinterpret_cast<const float4*>(from));
            sum[0] = __fmaf_rn(weight[c], v.x, sum[0]), sum[1 % WIDE] = __fmaf_rn(weight[c], v.y, sum[1 % WIDE]);
            sum[2 % WIDE] = __fmaf_rn(weight[c], v.z, sum[2 % WIDE]), sum[3 % WIDE] = __fmaf_rn(weight[c], v.w, sum[3 % WIDE]);
          } else {
            sum[0] = __fmaf_rn(weight[c], from[0], sum[0]);
          }
        }
      }
    }
    if (chunk == 0) taint += sum_of_head<LANES>(tainted);
    if (active && channel < p.head_dim) {
#pragma unroll
      for (int c = 0; c < WIDE; c++) out[channel + c] = sum[c] + taint;
    }
  }
  if (p.shared_value) {
    const float whole = sum_of_head<LANES>(on_maps);
    if (active && part == 0) out[p.head_dim] = whole + taint;
  }
}

template <int LANES, int WIDE>
int32_t enqueue(detr4j_cuda_queue* queue, const detr4j_cuda_ms_deform_attention& p) {
  constexpr int HEADS = WARP_LANES / LANES;
  const int64_t units = (int64_t)p.batch * p.queries * ((p.heads + HEADS - 1) / HEADS);
  if (units == 0) return DETR4J_CUDA_OK;
  return queue->run("ms_deform_attention_f32", dim3(blocks_of(units, WARPS)), dim3(WARP_LANES * WARPS), sizeof(Table<HEADS>),
                    ms_deform_attention_kernel<LANES, WIDE>, p);
}

}  // namespace

extern "C" int32_t detr4j_cuda_ms_deform_attention_f32(detr4j_cuda_queue* queue, const detr4j_cuda_ms_deform_attention* p) {
  DETR4J_REQUIRE(queue, p->batch >= 0 && p->queries >= 0 && p->heads >= 1 && p->head_dim >= 1 && p->tokens >= 1,
                 "ms_deform_attention: %d items, %d queries, %d tokens, %d heads of %d", p->batch, p->queries, p->tokens, p->heads, p->head_dim);
  DETR4J_REQUIRE(queue, p->levels_count >= 1 && p->points >= 1, "ms_deform_attention: %d levels of %d points", p->levels_count, p->points);
  DETR4J_REQUIRE(queue, p->reference_columns == 2 || p->reference_columns == 4, "ms_deform_attention: references of %d columns", p->reference_columns);
  const bool aligned = p->head_dim % 4 == 0 && rows_on_16_bytes(p->value, p->value_row_stride, p->value_batch_stride);
  return aligned ? enqueue<8, 4>(queue, *p) : enqueue<32, 1>(queue, *p);
}
