// Between guard pages; the many shapes of fp32 convolution and linear layers are in conv2d_test.c. Products of bf16 numbers
// are exact in fp32, so against the sum of products of rounded numbers the tolerance is that of fp32.
#include "harness.h"

// [out][taps][in of a group] into panels; returns the packed weights, and the packed bias through *bias.
static float *pack(const detr4j_conv2d *p, int32_t products, const float *weight, const float *plain_bias, float **bias) {
  const int64_t width = detr4j_panel_columns(p->tier), in = p->in_c / p->groups, group_out = p->out_c / p->groups;
  const int64_t panels = (group_out + width - 1) / width, taps = (int64_t)p->kernel_h * p->kernel_w;
  const int64_t words = words_of(products, taps * in);
  float *packed = new_floats(p->groups * panels * words * width);
  *bias = new_floats(p->groups * panels * width);
  memset(packed, 0, (size_t)(p->groups * panels * words * width) * sizeof(float));
  memset(*bias, 0, (size_t)(p->groups * panels * width) * sizeof(float));
  for (int64_t o = 0; o < p->out_c; o++) {
    const int64_t panel = o / group_out * panels + o % group_out / width, column = o % group_out % width;
    (*bias)[panel * width + column] = plain_bias[o];
    for (int64_t k = 0; k < taps * in; k++) {
      put_weight(products, packed + panel * words * width, width, column, k, weight[o * taps * in + k]);
    }
  }
  return packed;
}

static void body(int32_t products, int32_t tier, int index) {
  detr4j_conv2d p = {.tier = tier, .batch = (int32_t)between(1, 2), .groups = chance(4) ? 2 : 1, .kernel_h = 1, .kernel_w = 1,
                     .stride = (int32_t)between(1, 2), .dilation = (int32_t)between(1, 2), .padding = 0};
  p.in_c = (int32_t)extent(index) * p.groups;
  p.out_c = (int32_t)between(1, 70) * p.groups;
  if (index % 2 == 0) {
    p.kernel_h = (int32_t)between(1, 5);
    p.kernel_w = (int32_t)between(1, 5);
    p.padding = (int32_t)between(0, 2);
  }
  do {
    p.in_h = (int32_t)between(1, 9);
    p.in_w = (int32_t)between(1, 9);
    p.out_h = (p.in_h + 2 * p.padding - p.dilation * (p.kernel_h - 1) + p.stride - 1) / p.stride;
    p.out_w = (p.in_w + 2 * p.padding - p.dilation * (p.kernel_w - 1) + p.stride - 1) / p.stride;
  } while (p.in_h + 2 * p.padding <= p.dilation * (p.kernel_h - 1) || p.in_w + 2 * p.padding <= p.dilation * (p.kernel_w - 1));
  const int64_t pixels = (int64_t)p.out_h * p.out_w, in = p.in_c / p.groups, taps = (int64_t)p.kernel_h * p.kernel_w;
  const int masked = chance(3);
  p.row_mask_mode = masked ? (chance(2) ? DETR4J_ROW_MASK_ZERO_INPUT : DETR4J_ROW_MASK_ZERO_OUTPUT) : DETR4J_ROW_MASK_NONE;
  uint8_t *mask = guarded((size_t)(p.batch * pixels));
  for (int64_t i = 0; i < p.batch * pixels; i++) mask[i] = (uint8_t)between(0, 1);
  p.row_mask = masked ? mask : NULL;
  p.activation = chance(2) ? DETR4J_ACTIVATION_RELU : chance(2) ? DETR4J_ACTIVATION_SILU : DETR4J_ACTIVATION_NONE;
  p.rows_per_tile = (int32_t)between(1, 40);
  p.panels_per_tile = (int32_t)between(1, 3);
  p.stream_output = chance(2);
  p.tiles_at_once = chance(2) ? 2 : 0;
  tensor x = new_random(p.batch, (int64_t)p.in_h * p.in_w, p.in_c), residual = new_random(p.batch, pixels, p.out_c);
  tensor out = new_tensor(p.batch, pixels, p.out_c);
  float *weight = new_floats(p.out_c * taps * in), *bias = new_floats(p.out_c), *packed_bias;
  p.weight = pack(&p, products, weight, bias, &packed_bias);
  p.bias = packed_bias;
  p.x_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.out_type = chance(2) ? products : DETR4J_TYPE_F32;
  p.x = p.x_type == DETR4J_TYPE_BF16 ? narrow(&x) : x.data;
  p.residual = chance(2) ? residual.data : NULL;
  p.out = p.out_type == DETR4J_TYPE_BF16 ? narrow(&out) : out.data;
  p.x_row_stride = x.row_stride;
  p.x_batch_stride = x.batch_stride;
  p.residual_row_stride = residual.row_stride;
  p.residual_batch_stride = residual.batch_stride;
  p.out_row_stride = out.row_stride;
  p.out_batch_stride = out.batch_stride;
  describe("[%d, %d, %d, %d] to %d, kernel %dx%d, stride %d, padding %d, dilation %d, groups %d", p.batch, p.in_h, p.in_w, p.in_c, p.out_c,
           p.kernel_h, p.kernel_w, p.stride, p.padding, p.dilation, p.groups);
  if (products == DETR4J_TYPE_F32) {
    void *scratch = guarded_scratch(detr4j_conv2d_f32_scratch(&p));
    RUN_TILES(detr4j_conv2d_f32_tiles(&p), detr4j_conv2d_f32(&p, tile, scratch));
  } else {
    void *scratch = guarded_scratch(detr4j_conv2d_bf16_scratch(&p));
    RUN_TILES(detr4j_conv2d_bf16_tiles(&p), detr4j_conv2d_bf16(&p, tile, scratch));
  }
  if (p.out_type == DETR4J_TYPE_BF16) widen(p.out, &out);
  check_written("out", &out);
  for (int64_t n = 0; n < p.batch; n++) {
    for (int64_t o = 0; o < pixels; o++) {
      for (int64_t c = 0; c < p.out_c; c++) {
        double sum = (double)bias[c] + (p.residual == NULL ? 0 : (double)row_of(&residual, n, o)[c]);
        const int valid = !masked || mask[n * pixels + o];
        for (int64_t k = 0; k < taps && valid; k++) {
          const int64_t y = o / p.out_w * p.stride - p.padding + k / p.kernel_w * p.dilation;
          const int64_t xx = o % p.out_w * p.stride - p.padding + k % p.kernel_w * p.dilation;
          if (y < 0 || y >= p.in_h || xx < 0 || xx >= p.in_w) {
            continue;
          }
          for (int64_t i = 0; i < in; i++) {
            const float value = row_of(&x, n, y * p.in_w + xx)[c / (p.out_c / p.groups) * in + i];
            sum += (double)rounded_to(products, value) * (double)rounded_to(products, weight[(c * taps + k) * in + i]);
          }
        }
        sum = p.activation == DETR4J_ACTIVATION_RELU && sum < 0 ? 0 : sum;
        sum = p.activation == DETR4J_ACTIVATION_SILU ? sum / (1 + exp(-sum)) : sum;
        if (!valid && p.row_mask_mode == DETR4J_ROW_MASK_ZERO_OUTPUT) sum = 0;
        expect_close("out", n, o, c, sum, row_of(&out, n, o)[c], 2e-7 * (double)(taps * in) + 1e-6 + (p.out_type == DETR4J_TYPE_BF16 ? 0x1.01p-8 * fabs(sum) : 0));
      }
    }
  }
}

static void body_f32(int32_t tier, int index) { body(DETR4J_TYPE_F32, tier, index); }
static void body_bf16(int32_t tier, int index) { body(DETR4J_TYPE_BF16, tier, index); }

void test_detr4j_conv2d_f32(int32_t tier) { run_cases("conv2d", tier, 60, body_f32); }
void test_detr4j_conv2d_bf16(int32_t tier) { run_cases("conv2d bf16", tier, 120, body_bf16); }
