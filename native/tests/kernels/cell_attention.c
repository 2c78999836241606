#include "harness.h"

static int64_t cell(float centre, float offset, int32_t points, float size, int32_t extent) {
  const float location = centre + offset / (float)points * size * 0.5f;
  const float at = location * (float)extent + 0.5f;
  if (!(at > 0)) return 0;
  return at >= (float)extent ? extent - 1 : (int64_t)at;
}

static void body(int32_t tier, int index) {
  const int32_t heads = (int32_t)between(1, 3), head_dim = (int32_t)extent(index), points = (int32_t)between(1, 4);
  const int32_t levels_count = (int32_t)between(1, 3), batch = (int32_t)between(1, 2), queries = (int32_t)between(1, 6);
  int32_t *levels = guarded(sizeof(int32_t) * 3 * (size_t)levels_count), tokens = 0;
  for (int32_t l = 0; l < levels_count; l++) {
    levels[3 * l] = (int32_t)between(1, 6);
    levels[3 * l + 1] = (int32_t)between(1, 6);
    levels[3 * l + 2] = tokens;
    tokens += levels[3 * l] * levels[3 * l + 1];
  }
  const int64_t samples = (int64_t)levels_count * points;
  tensor value = new_random(batch, tokens, (int64_t)heads * head_dim), offsets = new_random(batch, queries, 2 * heads * samples);
  tensor logits = new_random(batch, queries, heads * samples), reference = new_random(batch, queries, 4);
  tensor out = new_tensor(batch, queries, (int64_t)heads * head_dim);
  sprinkle(&offsets, index % 3);
  detr4j_cell_attention p = {
      .tier = tier, .batch = batch, .queries = queries, .tokens = tokens, .heads = heads, .head_dim = head_dim,
      .levels_count = levels_count, .points = points, .queries_per_tile = (int32_t)between(1, 4), .levels = levels,
      .value = value.data, .offsets = offsets.data, .logits = logits.data, .reference = reference.data, .out = out.data,
      .value_row_stride = value.row_stride, .value_batch_stride = value.batch_stride, .offsets_row_stride = offsets.row_stride,
      .offsets_batch_stride = offsets.batch_stride, .logits_row_stride = logits.row_stride,
      .logits_batch_stride = logits.batch_stride, .reference_row_stride = reference.row_stride,
      .reference_batch_stride = reference.batch_stride, .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("%d queries, %d heads of %d, %d levels, %d points", queries, heads, head_dim, levels_count, points);
  RUN_TILES(detr4j_cell_attention_f32_tiles(&p), detr4j_cell_attention_f32(&p, tile));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t q = 0; q < queries; q++) {
      const float *box = row_of(&reference, n, q);
      for (int64_t c = 0; c < (int64_t)heads * head_dim; c++) {
        const int64_t h = c / head_dim;
        double sum = 0, total = 0;
        for (int64_t s = 0; s < samples; s++) {
          const int32_t *level = levels + 3 * (s / points);
          const float *offset = row_of(&offsets, n, q) + 2 * (h * samples + s);
          const double weight = exp((double)row_of(&logits, n, q)[h * samples + s]);
          const int64_t token = level[2] + cell(box[1], offset[1], points, box[3], level[0]) * level[1] +
                                cell(box[0], offset[0], points, box[2], level[1]);
          sum += weight * (double)row_of(&value, n, token)[c];
          total += weight;
        }
        expect_close("out", n, q, c, sum / total, row_of(&out, n, q)[c], 2e-6);
      }
    }
  }
}

void test_detr4j_cell_attention_f32(int32_t tier) { run_cases("cell_attention", tier, 120, body); }
