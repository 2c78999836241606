#include "harness.h"

static double inverse_sigmoid(double x, double epsilon) {
  if (isnan(x)) {
    return x;
  }
  x = fmin(fmax(x, 0), 1);
  return log(fmax(x, epsilon) / fmax(1 - x, epsilon));
}

static void body(int32_t tier, int index) {
  const int32_t kind = index % 5, columns = kind == DETR4J_REFERENCE_RELATIVE || chance(2) ? 4 : 2, reference_columns = kind == 0 ? 1 : kind == 1 ? 2 : 4;
  const int64_t batch = between(1, 3), queries = between(1, 20);
  tensor delta = new_random(batch, queries, columns), reference = new_random(batch, queries, reference_columns);
  tensor out = new_tensor(batch, queries, columns);
  sprinkle(&delta, index % 3);
  sprinkle(&reference, index % 5);
  detr4j_box_refinement p = {.tier = tier, .batch = (int32_t)batch, .queries = (int32_t)queries, .columns = columns, .reference_kind = kind,
                             .epsilon = chance(2) ? 1e-5f : 1e-3f, .delta = delta.data, .reference = kind == 0 ? NULL : reference.data,
                             .out = out.data, .delta_row_stride = delta.row_stride, .delta_batch_stride = delta.batch_stride,
                             .reference_row_stride = reference.row_stride, .reference_batch_stride = reference.batch_stride,
                             .out_row_stride = out.row_stride, .out_batch_stride = out.batch_stride};
  describe("[%d, %d, %d], reference kind %d", p.batch, p.queries, columns, kind);
  expect_int("status", 0, DETR4J_OK, detr4j_box_refinement_f32(&p));
  check_written("out", &out);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t q = 0; q < queries; q++) {
      for (int32_t c = 0; c < columns; c++) {
        if (kind == DETR4J_REFERENCE_RELATIVE) {
          const float *d = row_of(&delta, n, q), *box = row_of(&reference, n, q);
          // An exponential of two units, the roundings of its product and of a sum that may cancel; all overflow as floats do.
          const double length = (double)box[2 + c % 2], change = (double)(c < 2 ? d[c] : (float)exp((double)d[c]));
          const double centre = c < 2 ? (double)box[c] : 0, expected = (double)(float)(change * length + centre);
          const double size = fabs(change * length) + fabs(centre);
          expect_close("out", n, q, c, expected, row_of(&out, n, q)[c], 5e-7 * (size > 1 && size < 1e38 ? size : 1));
          continue;
        }
        double start = 0;
        if (kind != DETR4J_REFERENCE_NONE && c < reference_columns) {
          start = (double)row_of(&reference, n, q)[c];
          start = kind == DETR4J_REFERENCE_LOGITS ? start : inverse_sigmoid(start, (double)p.epsilon);
        }
        expect_close("out", n, q, c, 1 / (1 + exp(-((double)row_of(&delta, n, q)[c] + start))), row_of(&out, n, q)[c], 5e-7);
      }
    }
  }
  p.reference_kind = 5;
  expect_int("status of an unknown kind", 0, DETR4J_ERROR_ARGUMENT, detr4j_box_refinement_f32(&p));
}

void test_detr4j_box_refinement_f32(int32_t tier) { run_cases("box_refinement", tier, 60, body); }
