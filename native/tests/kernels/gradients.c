// Tests of the gradient kernels against sums in doubles.
#include "harness.h"

static void activation(int32_t tier, int index) {
  const int64_t batch = between(1, 2), rows = between(1, 5), columns = extent(index);
  const int relu = index % 2;
  tensor dy = new_random(batch, rows, columns), at = new_random(batch, rows, columns), dz = new_tensor(batch, rows, columns);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < columns; c++) row_of(&at, n, i)[c] *= 6;
    }
  }
  if (relu) row_of(&at, 0, 0)[0] = NAN;
  detr4j_activation_gradient p = {
      .tier = tier, .batch = (int32_t)batch, .rows = rows, .columns = (int32_t)columns, .rows_per_tile = (int32_t)between(1, 4),
      .activation = relu ? DETR4J_ACTIVATION_RELU : DETR4J_ACTIVATION_GELU, .dy = dy.data, .at = at.data, .dz = dz.data,
      .dy_row_stride = dy.row_stride, .dy_batch_stride = dy.batch_stride, .at_row_stride = at.row_stride,
      .at_batch_stride = at.batch_stride, .dz_row_stride = dz.row_stride, .dz_batch_stride = dz.batch_stride};
  describe("[%d, %lld, %d], activation %d", p.batch, (long long)rows, p.columns, p.activation);
  RUN_TILES(detr4j_activation_gradient_f32_tiles(&p), detr4j_activation_gradient_f32(&p, tile));
  check_written("dz", &dz);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < columns; c++) {
        const double x = (double)row_of(&at, n, i)[c], up = (double)row_of(&dy, n, i)[c];
        const double slope = 0.5 * erfc(-x / sqrt(2)) + x * exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846);
        expect_close("dz", n, i, c, relu ? (x <= 0 ? 0 : up) : up * slope, row_of(&dz, n, i)[c], relu ? 0 : 1e-6);
      }
    }
  }
}

void test_detr4j_activation_gradient_f32(int32_t tier) { run_cases("activation_gradient", tier, 100, activation); }

enum { DEPTHWISE, WHOLE, SLICED };

static void weights(int32_t tier, int index, int form) {
  const int depthwise = form == DEPTHWISE;
  const int32_t kernel_h = (int32_t)between(1, 4), kernel_w = (int32_t)between(1, 9), stride = (int32_t)between(1, 2);
  const int32_t padding = (int32_t)between(0, 3), dilation = (int32_t)between(1, 2);
  const int32_t reach_h = dilation * (kernel_h - 1) + 1, reach_w = dilation * (kernel_w - 1) + 1;
  int32_t in_h, in_w;
  do {
    in_h = (int32_t)between(1, 20);
    in_w = (int32_t)between(1, 20);
  } while (in_h + 2 * padding < reach_h || in_w + 2 * padding < reach_w);
  const int32_t out_h = (in_h + 2 * padding - reach_h) / stride + 1, out_w = (in_w + 2 * padding - reach_w) / stride + 1;
  const int64_t in_c = index % 2 ? extent(index) : between(1, 20), out_c = depthwise ? in_c : index % 2 ? between(1, 30) : extent(index);
  const int64_t batch = between(1, 2), pixels = (int64_t)out_h * out_w, taps = (int64_t)kernel_h * kernel_w;
  const int64_t channels = depthwise ? 1 : in_c, count = out_c * channels * taps;
  tensor x = new_random(batch, (int64_t)in_h * in_w, in_c), dz = new_random(batch, pixels, out_c);
  float *sum = new_floats(count), *bias_sum = new_floats(out_c), *out = new_floats(count), *bias_out = new_floats(out_c);
  const int has_bias = chance(2), mode = depthwise ? 0 : (int)between(0, 2);
  uint8_t *mask = guarded((size_t)(batch * pixels));
  for (int64_t i = 0; i < batch * pixels; i++) mask[i] = (uint8_t)between(0, 1);
  detr4j_weight_gradient p = {
      .tier = tier, .batch = (int32_t)batch, .in_h = in_h, .in_w = in_w, .in_c = (int32_t)in_c, .out_h = out_h, .out_w = out_w,
      .out_c = (int32_t)out_c, .kernel_h = kernel_h, .kernel_w = kernel_w, .stride = stride, .padding = padding, .dilation = dilation,
      .row_mask_mode = mode, .channels_per_tile = 12 * (int32_t)between(1, 3),
      .rows_per_tile = (int32_t)(form == SLICED ? between(1, 1 + pixels / 2) : pixels), .x = x.data, .dz = dz.data, .sum = sum,
      .bias_sum = has_bias ? bias_sum : NULL, .row_mask = mode ? mask : NULL, .out = out, .bias_out = has_bias ? bias_out : NULL,
      .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride, .dz_row_stride = dz.row_stride, .dz_batch_stride = dz.batch_stride};
  describe("[%d, %d, %d, %d] to %d, kernel %dx%d, stride %d, padding %d, dilation %d, mask %d", p.batch, in_h, in_w, p.in_c, p.out_c,
           kernel_h, kernel_w, stride, padding, dilation, mode);
  if (depthwise) {
    RUN_TILES(detr4j_depthwise_weight_gradient_f32_tiles(&p), detr4j_depthwise_weight_gradient_f32(&p, tile));
  } else {
    void *scratch = guarded_scratch(detr4j_weight_gradient_f32_scratch(&p));
    p.partial = new_floats((pixels + p.rows_per_tile - 1) / p.rows_per_tile * (count + out_c));
    RUN_TILES(detr4j_weight_gradient_f32_tiles(&p), detr4j_weight_gradient_f32(&p, tile, scratch));
    RUN_TILES(detr4j_weight_gradient_join_f32_tiles(&p), detr4j_weight_gradient_join_f32(&p, tile));
  }
  const double tolerance = 1e-6 * (4 + (double)(batch * pixels) / 4);
  for (int64_t o = 0; o < out_c; o++) {
    double bias = (double)bias_sum[o];
    for (int64_t r = 0; r < batch * pixels; r++) {
      bias += mode == 2 && !mask[r] ? 0 : (double)row_of(&dz, r / pixels, r % pixels)[o];
    }
    if (has_bias) expect_close("bias", 0, 0, o, bias, bias_out[o], tolerance);
    for (int64_t c = 0; c < channels; c++) {
      for (int64_t t = 0; t < taps; t++) {
        const int64_t at = (o * channels + c) * taps + t;
        double total = (double)sum[at];
        for (int64_t r = 0; r < batch * pixels; r++) {
          const int64_t n = r / pixels, pixel = r % pixels;
          const int64_t iy = pixel / out_w * stride - padding + t / kernel_w * dilation;
          const int64_t ix = pixel % out_w * stride - padding + t % kernel_w * dilation;
          if (iy >= 0 && iy < in_h && ix >= 0 && ix < in_w && !(mode && !mask[r])) {
            total += (double)row_of(&dz, n, pixel)[o] * (double)row_of(&x, n, iy * in_w + ix)[depthwise ? o : c];
          }
        }
        expect_close("weight", o, c, t, total, out[at], tolerance);
      }
    }
  }
}

static void product(int32_t tier, int index) { weights(tier, index, WHOLE); }
static void sliced(int32_t tier, int index) { weights(tier, index, SLICED); }
static void depthwise(int32_t tier, int index) { weights(tier, index, DEPTHWISE); }

void test_detr4j_weight_gradient_f32(int32_t tier) { run_cases("weight_gradient", tier, 80, product); }
void test_detr4j_weight_gradient_join_f32(int32_t tier) { run_cases("weight_gradient_join", tier, 60, sliced); }
void test_detr4j_depthwise_weight_gradient_f32(int32_t tier) { run_cases("depthwise_weight_gradient", tier, 60, depthwise); }

static void layer_norm(int32_t tier, int index) {
  const int64_t batch = between(1, 2), rows = between(1, 9), channels = extent(index) + 3;
  const int has_residual = chance(2);
  tensor x = new_random(batch, rows, channels), residual = new_random(batch, rows, channels), dy = new_random(batch, rows, channels);
  tensor dx = new_tensor(batch, rows, channels);
  for (int64_t n = 0; n < batch; n++) { // an even spread, so that no row is nearly constant
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t c = 0; c < channels; c++) row_of(&x, n, i)[c] += (float)(c % 3) * 4;
    }
  }
  float *weight = new_floats(channels);
  detr4j_layer_norm_gradient p = {
      .tier = tier, .batch = (int32_t)batch, .rows = rows, .channels = (int32_t)channels, .rows_per_tile = (int32_t)between(1, 4),
      .epsilon = 1e-5f, .x = x.data, .residual = has_residual ? residual.data : NULL, .dy = dy.data, .weight = weight, .dx = dx.data,
      .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride, .residual_row_stride = residual.row_stride,
      .residual_batch_stride = residual.batch_stride, .dy_row_stride = dy.row_stride, .dy_batch_stride = dy.batch_stride,
      .dx_row_stride = dx.row_stride, .dx_batch_stride = dx.batch_stride};
  const int64_t tiles = detr4j_layer_norm_gradient_f32_tiles(&p);
  float *sums = guarded((size_t)(tiles * 2 * channels) * sizeof(float));
  p.sums = sums;
  void *scratch = guarded_scratch(detr4j_layer_norm_gradient_f32_scratch(&p));
  describe("[%d, %lld, %d], residual %d", p.batch, (long long)rows, p.channels, has_residual);
  RUN_TILES(tiles, detr4j_layer_norm_gradient_f32(&p, tile, scratch));
  check_written("dx", &dx);
  double *expected = guarded((size_t)(2 * channels) * sizeof(double));
  for (int64_t c = 0; c < 2 * channels; c++) expected[c] = 0;
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < rows; i++) {
      double mean = 0, variance = 0, one = 0, two = 0;
      for (int pass = 0; pass < 4; pass++) {
        for (int64_t c = 0; c < channels; c++) {
          const double s = (double)(row_of(&x, n, i)[c] + (has_residual ? row_of(&residual, n, i)[c] : 0));
          const double up = (double)row_of(&dy, n, i)[c], g = up * (double)weight[c];
          const double normal = (s - mean) / sqrt(variance + (double)p.epsilon);
          if (pass == 0) {
            mean += s / (double)channels;
          } else if (pass == 1) {
            variance += (s - mean) * (s - mean) / (double)channels;
          } else if (pass == 2) {
            one += g / (double)channels;
            two += g * normal / (double)channels;
            expected[c] += up * normal;
            expected[channels + c] += up;
          } else {
            expect_close("dx", n, i, c, (g - one - normal * two) / sqrt(variance + (double)p.epsilon), row_of(&dx, n, i)[c], 1e-5);
          }
        }
      }
    }
  }
  for (int64_t c = 0; c < 2 * channels; c++) {
    float sum = 0;
    for (int64_t t = 0; t < tiles; t++) sum += sums[t * 2 * channels + c];
    expect_close("sums", 0, 0, c, expected[c], sum, 2e-5);
  }
}

void test_detr4j_layer_norm_gradient_f32(int32_t tier) { run_cases("layer_norm_gradient", tier, 100, layer_norm); }

static void channels_case(int32_t tier, int index) {
  const int64_t batch = between(1, 2), rows = between(1, 90), channels = extent(index);
  const int has_x = index % 3 != 2;
  tensor x = new_random(batch, rows, channels), dy = new_random(batch, rows, channels), dx = new_tensor(batch, rows, channels);
  float *shift = new_floats(batch * channels), *factors = new_floats(batch * 3 * channels);
  detr4j_channel_sums p = {
      .tier = tier, .batch = (int32_t)batch, .rows = rows, .channels = (int32_t)channels, .rows_per_tile = (int32_t)between(1, 50),
      .x = has_x ? x.data : NULL, .dy = dy.data, .shift = has_x ? shift : NULL, .factors = factors, .dx = dx.data,
      .x_row_stride = x.row_stride, .x_batch_stride = x.batch_stride, .dy_row_stride = dy.row_stride,
      .dy_batch_stride = dy.batch_stride, .dx_row_stride = dx.row_stride, .dx_batch_stride = dx.batch_stride};
  const int64_t tiles = detr4j_channel_sums_f32_tiles(&p), per_item = tiles / batch;
  double *sums = guarded((size_t)(tiles * 4 * channels) * sizeof(double));
  p.sums = sums;
  void *scratch = guarded_scratch(detr4j_channel_sums_f32_scratch(&p));
  describe("[%d, %lld, %d], x %d", p.batch, (long long)rows, p.channels, has_x);
  RUN_TILES(tiles, detr4j_channel_sums_f32(&p, tile, scratch));
  if (has_x) {
    RUN_TILES(tiles, detr4j_channel_combine_f32(&p, tile));
    check_written("dx", &dx);
  }
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t c = 0; c < channels; c++) {
      double expected[4] = {0, 0, 0, 0}, actual[4] = {0, 0, 0, 0};
      for (int64_t i = 0; i < rows; i++) {
        const double up = (double)row_of(&dy, n, i)[c];
        const double d = has_x ? (double)row_of(&x, n, i)[c] - (double)shift[n * channels + c] : 0;
        expected[0] += d;
        expected[1] += d * d;
        expected[2] += up;
        expected[3] += up * d;
        if (has_x) {
          const float *f = factors + n * 3 * channels + c;
          const double value = up * (double)f[0] + d * (double)f[channels] + (double)f[2 * channels];
          expect_close("dx", n, i, c, value, row_of(&dx, n, i)[c], 2e-6);
        }
      }
      for (int k = 0; k < 4; k++) {
        for (int64_t t = 0; t < per_item; t++) actual[k] += sums[((n * per_item + t) * 4 + k) * channels + c];
        expect_close("sums", n, k, c, expected[k], (float)actual[k], 1e-4);
      }
    }
  }
}

void test_detr4j_channel_sums_f32(int32_t tier) { run_cases("channel_sums", tier, 90, channels_case); }
void test_detr4j_channel_combine_f32(int32_t tier) { run_cases("channel_combine", tier, 30, channels_case); }

static void attention(int32_t tier, int index) {
  const int64_t batch = between(1, 2), queries = between(1, 9), keys = extent(index), heads = between(1, 3), dim = between(1, 40);
  const int64_t columns = heads * dim;
  tensor q = new_random(batch, queries, columns), k = new_random(batch, keys, columns), v = new_random(batch, keys, columns);
  tensor up = new_random(batch, queries, columns), dq = new_tensor(batch, queries, columns);
  tensor dk = new_tensor(batch, keys, columns), dv = new_tensor(batch, keys, columns);
  uint8_t *mask = guarded((size_t)(batch * keys));
  const int masked = chance(2);
  for (int64_t i = 0; i < batch * keys; i++) mask[i] = (uint8_t)(i % keys == 0 || between(0, 1));
  if (masked && keys > 1) {
    mask[1] = 0;
    row_of(&k, 0, 1)[0] = NAN;
    row_of(&v, 0, 1)[columns - 1] = NAN;
  }
  detr4j_attention_gradient p = {
      .tier = tier, .batch = (int32_t)batch, .heads = (int32_t)heads, .head_dim = (int32_t)dim, .queries = (int32_t)queries,
      .keys = (int32_t)keys, .scale = 1 / sqrtf((float)dim), .q = q.data, .k = k.data, .v = v.data, .d_out = up.data,
      .key_mask = masked ? mask : NULL, .dq = dq.data, .dk = dk.data, .dv = dv.data, .q_row_stride = q.row_stride,
      .q_batch_stride = q.batch_stride, .k_row_stride = k.row_stride, .k_batch_stride = k.batch_stride, .v_row_stride = v.row_stride,
      .v_batch_stride = v.batch_stride, .d_out_row_stride = up.row_stride, .d_out_batch_stride = up.batch_stride,
      .dq_row_stride = dq.row_stride, .dq_batch_stride = dq.batch_stride, .dk_row_stride = dk.row_stride,
      .dk_batch_stride = dk.batch_stride, .dv_row_stride = dv.row_stride, .dv_batch_stride = dv.batch_stride};
  void *scratch = guarded_scratch(detr4j_attention_gradient_f32_scratch(&p));
  describe("batch %d, %d queries, %d keys, %d heads of %d, mask %d", p.batch, p.queries, p.keys, p.heads, p.head_dim, masked);
  RUN_TILES(detr4j_attention_gradient_f32_tiles(&p), detr4j_attention_gradient_f32(&p, tile, scratch));
  check_written("dq", &dq);
  check_written("dk", &dk);
  check_written("dv", &dv);
  double *w = guarded((size_t)(queries * keys) * sizeof(double)), *ds = guarded((size_t)(queries * keys) * sizeof(double));
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t h = 0; h < heads; h++) {
      for (int64_t i = 0; i < queries; i++) {
        double total = 0, mean = 0;
        for (int64_t j = 0; j < keys; j++) {
          double dot = 0, product = 0;
          const int off = masked && !mask[n * keys + j];
          for (int64_t d = h * dim; d < (h + 1) * dim && !off; d++) {
            dot += (double)row_of(&q, n, i)[d] * (double)row_of(&k, n, j)[d];
            product += (double)row_of(&up, n, i)[d] * (double)row_of(&v, n, j)[d];
          }
          w[i * keys + j] = off ? 0 : exp(dot * (double)p.scale);
          ds[i * keys + j] = product;
          total += w[i * keys + j];
        }
        for (int64_t j = 0; j < keys; j++) {
          w[i * keys + j] /= total;
          mean += w[i * keys + j] * ds[i * keys + j];
        }
        for (int64_t j = 0; j < keys; j++) ds[i * keys + j] = w[i * keys + j] * (ds[i * keys + j] - mean) * (double)p.scale;
      }
      for (int64_t d = h * dim; d < (h + 1) * dim; d++) {
        for (int64_t i = 0; i < queries; i++) {
          double sum = 0;
          for (int64_t j = 0; j < keys; j++) {
            sum += ds[i * keys + j] == 0 ? 0 : ds[i * keys + j] * (double)row_of(&k, n, j)[d];
          }
          expect_close("dq", n, i, d, sum, row_of(&dq, n, i)[d], 1e-5);
        }
        for (int64_t j = 0; j < keys; j++) {
          double of_k = 0, of_v = 0;
          for (int64_t i = 0; i < queries; i++) {
            of_k += ds[i * keys + j] * (double)row_of(&q, n, i)[d];
            of_v += w[i * keys + j] * (double)row_of(&up, n, i)[d];
          }
          expect_close("dk", n, j, d, of_k, row_of(&dk, n, j)[d], 1e-5);
          expect_close("dv", n, j, d, of_v, row_of(&dv, n, j)[d], 1e-5);
        }
      }
    }
  }
}

void test_detr4j_attention_gradient_f32(int32_t tier) { run_cases("attention_gradient", tier, 80, attention); }

static void sampling(int32_t tier, int index) {
  const int64_t batch = between(1, 2), queries = between(1, 5), heads = between(1, 3), dim = extent(index), points = between(1, 4);
  const int64_t levels = between(1, 3), columns = chance(2) ? 2 : 4, samples = levels * points;
  int32_t *shapes = new_ints(2 * levels);
  int64_t tokens = 0;
  for (int64_t l = 0; l < levels; l++) {
    shapes[2 * l] = (int32_t)between(1, 7);
    shapes[2 * l + 1] = (int32_t)between(1, 7);
    tokens += (int64_t)shapes[2 * l] * shapes[2 * l + 1];
  }
  tensor value = new_random(batch, tokens, heads * dim), offsets = new_random(batch, queries, heads * samples * 2);
  tensor logits = new_random(batch, queries, heads * samples), reference = new_random(batch, queries, columns);
  tensor ratios = new_random(batch, levels, 2), up = new_random(batch, queries, heads * dim);
  tensor d_value = new_tensor(batch, tokens, heads * dim), d_offsets = new_tensor(batch, queries, heads * samples * 2);
  tensor d_logits = new_tensor(batch, queries, heads * samples);
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < queries; i++) {
      for (int64_t c = 0; c < heads * samples * 2; c++) row_of(&offsets, n, i)[c] *= 3;
      for (int64_t c = 0; c < columns; c++) row_of(&reference, n, i)[c] = row_of(&reference, n, i)[c] * 0.45f + 0.5f;
    }
    for (int64_t l = 0; l < 2 * levels; l++) row_of(&ratios, n, l / 2)[l % 2] = row_of(&ratios, n, l / 2)[l % 2] * 0.25f + 0.75f;
  }
  float *d_reference = guarded((size_t)(batch * heads * queries * columns) * sizeof(float));
  detr4j_ms_deform_attention_gradient p = {
      .tier = tier, .batch = (int32_t)batch, .heads = (int32_t)heads, .head_dim = (int32_t)dim, .levels = (int32_t)levels,
      .points = (int32_t)points, .reference_columns = (int32_t)columns, .queries = (int32_t)queries, .tokens = (int32_t)tokens,
      .level_shapes = shapes, .value = value.data, .offsets = offsets.data, .logits = logits.data, .reference = reference.data,
      .ratios = ratios.data, .d_out = up.data, .d_value = d_value.data, .d_offsets = d_offsets.data, .d_logits = d_logits.data,
      .d_reference = chance(3) ? NULL : d_reference, .value_row_stride = value.row_stride, .value_batch_stride = value.batch_stride,
      .offsets_row_stride = offsets.row_stride, .offsets_batch_stride = offsets.batch_stride, .logits_row_stride = logits.row_stride,
      .logits_batch_stride = logits.batch_stride, .reference_row_stride = reference.row_stride,
      .reference_batch_stride = reference.batch_stride, .ratios_row_stride = ratios.row_stride, .ratios_batch_stride = ratios.batch_stride,
      .d_out_row_stride = up.row_stride, .d_out_batch_stride = up.batch_stride, .d_value_row_stride = d_value.row_stride,
      .d_value_batch_stride = d_value.batch_stride, .d_offsets_row_stride = d_offsets.row_stride,
      .d_offsets_batch_stride = d_offsets.batch_stride, .d_logits_row_stride = d_logits.row_stride,
      .d_logits_batch_stride = d_logits.batch_stride};
  void *scratch = guarded_scratch(detr4j_ms_deform_attention_gradient_f32_scratch(&p));
  describe("batch %d, %d queries, %d heads of %d, %d levels, %d points, reference %d", p.batch, p.queries, p.heads, p.head_dim, p.levels,
           p.points, p.reference_columns);
  RUN_TILES(detr4j_ms_deform_attention_gradient_f32_tiles(&p), detr4j_ms_deform_attention_gradient_f32(&p, tile, scratch));
  check_written("d_value", &d_value);
  check_written("d_offsets", &d_offsets);
  check_written("d_logits", &d_logits);
  double *of_value = guarded((size_t)(tokens * heads * dim) * sizeof(double));
  const double tolerance = 4e-6 * (10 + (double)dim); // dim products, and a location that is off by a unit of the map's extent
  for (int64_t n = 0; n < batch; n++) {
    for (int64_t i = 0; i < tokens * heads * dim; i++) of_value[i] = 0;
    for (int64_t i = 0; i < queries; i++) {
      for (int64_t h = 0; h < heads; h++) {
        double total = 0, mean = 0, moved[4] = {0, 0, 0, 0}, d_weight[16];
        for (int64_t s = 0; s < samples; s++) total += exp((double)row_of(&logits, n, i)[h * samples + s]);
        int64_t first = 0;
        for (int64_t s = 0; s < samples; s++) {
          const int64_t l = s / points, height = shapes[2 * l], width = shapes[2 * l + 1], at = (h * samples + s) * 2;
          const float *r = row_of(&reference, n, i), *ratio = row_of(&ratios, n, l), *offset = row_of(&offsets, n, i) + at;
          const double half = 0.5 / (double)points;
          const double by_x = columns == 4 ? (double)r[2] * (double)ratio[0] * half * (double)width : 1;
          const double by_y = columns == 4 ? (double)r[3] * (double)ratio[1] * half * (double)height : 1;
          const double x = (double)r[0] * (double)ratio[0] * (double)width - 0.5 + (double)offset[0] * by_x;
          const double y = (double)r[1] * (double)ratio[1] * (double)height - 0.5 + (double)offset[1] * by_y;
          const double weight = exp((double)row_of(&logits, n, i)[h * samples + s]) / total;
          double dx = 0, dy = 0;
          d_weight[s] = 0;
          for (int64_t token = 0; token < height * width; token++) {
            const double off_x = x - (double)(token % width), off_y = y - (double)(token / width);
            if (fabs(off_x) >= 1 || fabs(off_y) >= 1) continue;
            double dot = 0;
            for (int64_t d = h * dim; d < (h + 1) * dim; d++) {
              const double g = (double)row_of(&up, n, i)[d];
              dot += g * (double)row_of(&value, n, first + token)[d];
              of_value[(first + token) * heads * dim + d] += weight * (1 - fabs(off_x)) * (1 - fabs(off_y)) * g;
            }
            d_weight[s] += dot * (1 - fabs(off_x)) * (1 - fabs(off_y));
            dx += dot * (off_x < 0 ? 1 : -1) * (1 - fabs(off_y)) * weight;
            dy += dot * (off_y < 0 ? 1 : -1) * (1 - fabs(off_x)) * weight;
          }
          mean += weight * d_weight[s];
          expect_close("d_offsets x", n, i, at, dx * by_x, row_of(&d_offsets, n, i)[at], tolerance);
          expect_close("d_offsets y", n, i, at + 1, dy * by_y, row_of(&d_offsets, n, i)[at + 1], tolerance);
          moved[0] += dx * (double)width * (double)ratio[0];
          moved[1] += dy * (double)height * (double)ratio[1];
          moved[2] += dx * (double)width * (double)ratio[0] * half * (double)offset[0];
          moved[3] += dy * (double)height * (double)ratio[1] * half * (double)offset[1];
          if (s % points == points - 1) first += height * width;
        }
        for (int64_t s = 0; s < samples; s++) {
          const double weight = exp((double)row_of(&logits, n, i)[h * samples + s]) / total;
          expect_close("d_logits", n, i, s, weight * (d_weight[s] - mean), row_of(&d_logits, n, i)[h * samples + s], tolerance);
        }
        for (int64_t c = 0; p.d_reference != NULL && c < columns; c++) {
          expect_close("d_reference", n, i, c, moved[c], d_reference[((n * heads + h) * queries + i) * columns + c], 30 * tolerance);
        }
      }
    }
    for (int64_t t = 0; t < tokens; t++) {
      for (int64_t d = 0; d < heads * dim; d++) {
        expect_close("d_value", n, t, d, of_value[t * heads * dim + d], row_of(&d_value, n, t)[d], tolerance);
      }
    }
  }
}

void test_detr4j_ms_deform_attention_gradient_f32(int32_t tier) { run_cases("ms_deform_attention_gradient", tier, 80, sampling); }
