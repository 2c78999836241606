#include "harness.h"

// Sampling points: uniform over the map and around it, on cell centres, on borders, far outside, infinite, NaN.
static float odd_offset(int32_t extent, float reference) {
  const float huge[] = {1e30f, -1e30f, 3e9f, -3e9f, INFINITY, -INFINITY, 65536.0f, -40000.0f};
  switch (between(0, 5)) {
    case 0: return (float)between(-2, extent + 1) + 0.5f - reference * (float)extent; // a centre, or one outside
    case 1: return (float)(chance(2) ? 0 : extent) - reference * (float)extent;       // a border
    case 2: return huge[between(0, 7)];
    default: return uniform(-(float)extent - 2, (float)extent + 2);
  }
}

typedef struct fixture {
  detr4j_ms_deform_attention p;
  tensor value, offsets, logits, reference, out;
  int32_t *levels;
  float *ratios;
  int32_t read_as; // the type that values are rounded to before they are sampled
} fixture;

// Bilinear value, for channel -1 of ones everywhere; *near is set where a coordinate is so close to a cell centre or border that fp32 may round it across.
static double sample(const fixture *f, int64_t n, int64_t level, double x, double y, int64_t channel, int *near) {
  const int64_t height = f->levels[3 * level], width = f->levels[3 * level + 1], first = f->levels[3 * level + 2];
  *near |= fabs(x - rint(x)) < 1e-3 || fabs(y - rint(y)) < 1e-3;
  if (x <= -1 || x >= (double)width || y <= -1 || y >= (double)height) {
    return 0;
  }
  double sum = 0;
  const int64_t left = (int64_t)floor(x), top = (int64_t)floor(y);
  for (int corner = 0; corner < 4; corner++) {
    const int64_t cx = left + corner % 2, cy = top + corner / 2;
    if (cx >= 0 && cx < width && cy >= 0 && cy < height) {
      const double share = (1 - fabs(x - (double)cx)) * (1 - fabs(y - (double)cy));
      sum += share * (channel < 0 ? 1 : (double)rounded_to(f->read_as, row_of(&f->value, n, first + cy * width + cx)[channel]));
    }
  }
  return sum;
}

static double location(const fixture *f, int64_t n, int64_t q, int64_t s, int64_t head, int axis) {
  const int64_t samples = (int64_t)f->p.levels_count * f->p.points, level = s / f->p.points;
  const double extent = (double)f->levels[3 * level + 1 - axis];
  const double ratio = (double)f->ratios[(n * f->p.levels_count + level) * 2 + axis];
  const float *reference = row_of(&f->reference, n, q);
  const double offset = (double)row_of(&f->offsets, n, q)[(head * samples + s) * 2 + axis];
  const double centre = (double)reference[axis] * ratio;
  if (f->p.reference_columns == 2) {
    return (centre + offset / extent) * extent - 0.5;
  }
  return (centre + offset / (double)f->p.points * (double)reference[2 + axis] * ratio * 0.5) * extent - 0.5;
}

static void check(const fixture *f) {
  const int64_t samples = (int64_t)f->p.levels_count * f->p.points;
  for (int64_t n = 0; n < f->p.batch; n++) {
    for (int64_t q = 0; q < f->p.queries; q++) {
      for (int64_t head = 0; head < f->p.heads; head++) {
        const float *logits = row_of(&f->logits, n, q) + head * samples;
        double largest = -INFINITY, total = 0;
        for (int64_t s = 0; s < samples; s++) {
          largest = isnan(largest) || isnan(logits[s]) ? (double)NAN : fmax(largest, (double)logits[s]);
        }
        for (int64_t s = 0; s < samples; s++) {
          total += exp((double)logits[s] - largest);
        }
        const int64_t dim = f->p.head_dim, out_head = f->p.shared_value ? dim + 1 : dim;
        for (int64_t c = 0; c < out_head; c++) {
          const int64_t channel = c == dim ? -1 : f->p.shared_value ? c : head * dim + c;
          double sum = 0;
          int near = 0;
          for (int64_t s = 0; s < samples; s++) {
            const double x = location(f, n, q, s, head, 0), y = location(f, n, q, s, head, 1);
            const double weight = exp((double)logits[s] - largest) / total;
            sum += isnan(x) || isnan(y) ? (double)NAN
                                        : weight * sample(f, n, s / f->p.points, x, y, channel, &near);
          }
          const float actual = row_of(&f->out, n, q)[head * out_head + c];
          if (near && !(isfinite(sum) && isfinite((double)actual))) {
            continue; // a corner with a weight of nearly 0 may hold a NaN or an infinity that one of both does not see
          }
          const double stored = f->p.out_type == DETR4J_TYPE_BF16 ? 0x1.01p-8 * fabs(sum) : 0;
          expect_close("out", n, q, head * out_head + c, sum, actual, 3e-5 + stored);
        }
      }
    }
  }
}

static void body(int32_t products, int32_t tier, int index, int by_heads) {
  static const int32_t dims[] = {32, 16, 64, 8, 30, 71, 128, 96, 48, 257};
  fixture f = {.p = {.tier = tier}};
  detr4j_ms_deform_attention *p = &f.p;
  p->batch = (int32_t)between(1, 2);
  p->queries = (int32_t)between(1, 21);
  p->heads = (int32_t)between(1, 3);
  p->head_dim = index < 40 ? index + 1 : dims[index % 10];
  p->levels_count = index % 3 == 0 ? 4 : (int32_t)between(1, 5);
  p->points = index % 3 == 0 ? 4 : (int32_t)between(1, 7);
  p->reference_columns = chance(2) ? 2 : 4;
  p->queries_per_tile = (int32_t)between(1, 24);
  p->tokens_per_tile = (int32_t)between(1, 40);
  p->shared_value = !by_heads && chance(3);
  const int64_t samples = (int64_t)p->levels_count * p->points;
  f.levels = new_ints(3 * p->levels_count);
  for (int32_t l = 0; l < p->levels_count; l++) {
    f.levels[3 * l] = chance(4) ? 1 : (int32_t)between(1, 9);
    f.levels[3 * l + 1] = chance(4) ? 1 : (int32_t)between(1, 12);
    f.levels[3 * l + 2] = p->tokens;
    p->tokens += f.levels[3 * l] * f.levels[3 * l + 1];
  }
  f.value = new_random(p->batch, p->tokens, (int64_t)(p->shared_value ? 1 : p->heads) * p->head_dim);
  f.offsets = new_random(p->batch, p->queries, p->heads * samples * 2);
  f.logits = new_random(p->batch, p->queries, p->heads * samples);
  f.reference = new_random(p->batch, p->queries, p->reference_columns);
  f.out = new_tensor(p->batch, p->queries, (int64_t)p->heads * (p->head_dim + p->shared_value));
  f.ratios = new_floats((int64_t)p->batch * p->levels_count * 2);
  for (int64_t i = 0; i < (int64_t)p->batch * p->levels_count * 2; i++) {
    f.ratios[i] = chance(2) ? 1.0f : uniform(0.3f, 1.0f);
  }
  for (int64_t n = 0; n < p->batch; n++) {
    for (int64_t q = 0; q < p->queries; q++) {
      for (int32_t c = 0; c < p->reference_columns; c++) {
        row_of(&f.reference, n, q)[c] = chance(12) ? (float)between(0, 1) : uniform(0, 1);
      }
      for (int64_t i = 0; i < p->heads * samples; i++) {
        const int64_t level = i % samples / p->points;
        row_of(&f.logits, n, q)[i] *= chance(3) ? 40.0f : 3.0f;
        for (int axis = 0; axis < 2; axis++) {
          row_of(&f.offsets, n, q)[2 * i + axis] = odd_offset(f.levels[3 * level + 1 - axis], row_of(&f.reference, n, q)[axis]);
        }
      }
    }
  }
  switch (index % 6) { // inputs that are not finite
    case 1: sprinkle_not_finite(&f.value, 3); break;
    case 2: row_of(&f.offsets, 0, between(0, p->queries - 1))[between(0, p->heads * samples * 2 - 1)] = NAN; break;
    case 3: row_of(&f.logits, 0, between(0, p->queries - 1))[between(0, p->heads * samples - 1)] = chance(2) ? NAN : INFINITY; break;
    case 4: row_of(&f.logits, 0, between(0, p->queries - 1))[between(0, p->heads * samples - 1)] = -INFINITY; break;
    case 5: row_of(&f.reference, 0, between(0, p->queries - 1))[between(0, p->reference_columns - 1)] = chance(2) ? NAN : INFINITY; break;
    default: break;
  }
  p->levels = f.levels;
  p->value_type = chance(2) ? products : DETR4J_TYPE_F32;
  p->out_type = chance(2) ? products : DETR4J_TYPE_F32;
  p->value = p->value_type == DETR4J_TYPE_BF16 ? narrow(&f.value) : f.value.data;
  f.read_as = by_heads ? products : p->value_type;
  p->offsets = f.offsets.data;
  p->logits = f.logits.data;
  p->reference = f.reference.data;
  p->valid_ratios = f.ratios;
  p->out = p->out_type == DETR4J_TYPE_BF16 ? narrow(&f.out) : f.out.data;
  p->value_row_stride = f.value.row_stride;
  p->value_batch_stride = f.value.batch_stride;
  p->offsets_row_stride = f.offsets.row_stride;
  p->offsets_batch_stride = f.offsets.batch_stride;
  p->logits_row_stride = f.logits.row_stride;
  p->logits_batch_stride = f.logits.batch_stride;
  p->reference_row_stride = f.reference.row_stride;
  p->reference_batch_stride = f.reference.batch_stride;
  p->out_row_stride = f.out.row_stride;
  p->out_batch_stride = f.out.batch_stride;
  describe("batch %d, queries %d, heads %d, head_dim %d, levels %d, points %d, reference %d, tokens %d", p->batch, p->queries, p->heads,
           p->head_dim, p->levels_count, p->points, p->reference_columns, p->tokens);
  if (products == DETR4J_TYPE_F32) {
    void *scratch = guarded_scratch(detr4j_ms_deform_attention_f32_scratch(p));
    if (by_heads) {
      p->workspace = guarded_scratch(detr4j_ms_deform_attention_f32_workspace(p));
      RUN_TILES(detr4j_ms_deform_attention_f32_pack_tiles(p), detr4j_ms_deform_attention_f32_pack(p, tile));
    }
    RUN_TILES(detr4j_ms_deform_attention_f32_tiles(p), detr4j_ms_deform_attention_f32(p, tile, scratch));
  } else {
    void *scratch = guarded_scratch(detr4j_ms_deform_attention_bf16_scratch(p));
    if (by_heads) {
      p->workspace = guarded_scratch(detr4j_ms_deform_attention_bf16_workspace(p));
      RUN_TILES(detr4j_ms_deform_attention_bf16_pack_tiles(p), detr4j_ms_deform_attention_bf16_pack(p, tile));
    }
    RUN_TILES(detr4j_ms_deform_attention_bf16_tiles(p), detr4j_ms_deform_attention_bf16(p, tile, scratch));
  }
  if (p->out_type == DETR4J_TYPE_BF16) widen(p->out, &f.out);
  check_written("out", &f.out);
  check(&f);
}

static void in_place(int32_t tier, int index) { body(DETR4J_TYPE_F32, tier, index, 0); }
static void packed(int32_t tier, int index) { body(DETR4J_TYPE_F32, tier, index, 1); }
static void in_place_bf16(int32_t tier, int index) { body(DETR4J_TYPE_BF16, tier, index, 0); }
static void packed_bf16(int32_t tier, int index) { body(DETR4J_TYPE_BF16, tier, index, 1); }

void test_detr4j_ms_deform_attention_f32_pack(int32_t tier) { run_cases("ms_deform_attention by heads", tier, 90, packed); }
void test_detr4j_ms_deform_attention_f32(int32_t tier) { run_cases("ms_deform_attention", tier, 150, in_place); }
void test_detr4j_ms_deform_attention_bf16_pack(int32_t tier) { run_cases("ms_deform_attention bf16 by heads", tier, 90, packed_bf16); }
void test_detr4j_ms_deform_attention_bf16(int32_t tier) { run_cases("ms_deform_attention bf16", tier, 150, in_place_bf16); }
