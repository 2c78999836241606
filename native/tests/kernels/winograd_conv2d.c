// Against the plain sum over windows in double, between guard pages: odd and even maps, paddings, every channel tail,
// residual in place. What is not finite stays within the windows of its squares, and reaches all of its own windows.
// With bf16 products, against Winograd's formulas in double on U and V rounded to bf16.
#include "harness.h"

// One of the kernels.
typedef struct variant {
  int32_t products;
  int edge; // of its squares
  const double (*G)[3];
  int64_t (*tiles)(const detr4j_conv2d *);
  int64_t (*scratch)(const detr4j_conv2d *);
  int32_t (*run)(const detr4j_conv2d *, int64_t, void *);
  double tolerance, least; // for each product of the direct sum, and besides
} variant;

static const double G2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
static const double G4[6][3] = {{1, 0, 0},
                                {-1.0 / 3, -1.0 / 3, -1.0 / 3},
                                {1.0 / 3, -1.0 / 3, 1.0 / 3},
                                {1.0 / 15, 2.0 / 15, 4.0 / 15},
                                {-16.0 / 15, 8.0 / 15, -4.0 / 15},
                                {0, 0, 1}};

static const variant squares2 = {
    DETR4J_TYPE_F32, 2, G2, detr4j_winograd_conv2d_f32_tiles, detr4j_winograd_conv2d_f32_scratch, detr4j_winograd_conv2d_f32, 2e-7, 2e-6};
static const variant squares2_bf16 = {
    DETR4J_TYPE_BF16, 2, G2, detr4j_winograd_conv2d_bf16_tiles, detr4j_winograd_conv2d_bf16_scratch, detr4j_winograd_conv2d_bf16, 8e-7, 2e-6};
static const variant squares4 = {
    DETR4J_TYPE_F32, 4, G4, detr4j_winograd4_conv2d_f32_tiles, detr4j_winograd4_conv2d_f32_scratch, detr4j_winograd4_conv2d_f32, 1e-6, 1e-5};

enum { MOST_ELEMENTS = 36 };

// G g G^T of one 3x3 kernel, element by element as the paper writes it.
static void transform_kernel(const variant *v, const float *g, double *u) {
  const int window = v->edge + 2;
  for (int i = 0; i < window; i++) {
    for (int j = 0; j < window; j++) {
      u[window * i + j] = 0;
      for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) u[window * i + j] += v->G[i][a] * (double)g[3 * a + b] * v->G[j][b];
      }
    }
  }
}

// [out][in][3][3] into panels of [elements][words of in][columns]; returns the packed weights, and the packed bias through *bias.
static float *pack(const variant *v, const detr4j_conv2d *p, const float *weight, const float *plain_bias, float **bias) {
  const int64_t width = detr4j_panel_columns(p->tier), in = p->in_c, panels = (p->out_c + width - 1) / width;
  const int64_t elements = (v->edge + 2) * (v->edge + 2), words = words_of(v->products, in);
  float *packed = new_floats(panels * elements * words * width);
  *bias = new_floats(panels * width);
  memset(packed, 0, (size_t)(panels * elements * words * width) * sizeof(float));
  memset(*bias, 0, (size_t)(panels * width) * sizeof(float));
  for (int64_t o = 0; o < p->out_c; o++) {
    (*bias)[o] = plain_bias[o];
    for (int64_t i = 0; i < in; i++) {
      double u[MOST_ELEMENTS];
      transform_kernel(v, weight + (o * in + i) * 9, u);
      for (int64_t e = 0; e < elements; e++) {
        put_weight(v->products, packed + (o / width * elements + e) * words * width, width, o % width, i, (float)u[e]);
      }
    }
  }
  return packed;
}

// One output of a 2x2 square before bias: A^T (U * V) A at (row, column), with V = B^T d B summed in fp32 as the kernel has to.
static double from_rounded(const detr4j_conv2d *p, const tensor *x, const float *weight, int64_t n, int64_t pixel, int64_t c) {
  static const int A[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};
  const int64_t oy = pixel / p->out_w, ox = pixel % p->out_w;
  double sum = 0;
  for (int64_t i = 0; i < p->in_c; i++) {
    float d[4][4], t[4][4], v[4][4];
    for (int64_t k = 0; k < 16; k++) {
      const int64_t y = oy / 2 * 2 - p->padding + k / 4, xx = ox / 2 * 2 - p->padding + k % 4;
      d[k / 4][k % 4] = y < 0 || y >= p->in_h || xx < 0 || xx >= p->in_w ? 0 : row_of(x, n, y * p->in_w + xx)[i];
    }
    for (int j = 0; j < 4; j++) {
      t[0][j] = d[0][j] - d[2][j];
      t[1][j] = d[1][j] + d[2][j];
      t[2][j] = d[2][j] - d[1][j];
      t[3][j] = d[1][j] - d[3][j];
    }
    for (int j = 0; j < 4; j++) {
      v[j][0] = t[j][0] - t[j][2];
      v[j][1] = t[j][1] + t[j][2];
      v[j][2] = t[j][2] - t[j][1];
      v[j][3] = t[j][1] - t[j][3];
    }
    double u[16];
    transform_kernel(&squares2_bf16, weight + (c * p->in_c + i) * 9, u);
    for (int e = 0; e < 16; e++) {
      sum += A[oy % 2][e / 4] * A[ox % 2][e % 4] * (double)rounded_to(DETR4J_TYPE_BF16, (float)u[e]) *
             (double)rounded_to(DETR4J_TYPE_BF16, v[e / 4][e % 4]);
    }
  }
  return sum;
}

static void body(const variant *v, int32_t tier, int index) {
  const int window = v->edge + 2, bf16 = v->products == DETR4J_TYPE_BF16;
  const int poisoned = index % 6 == 5;
  detr4j_conv2d p = {.tier = tier, .batch = (int32_t)between(1, 2), .groups = 1, .kernel_h = 3, .kernel_w = 3, .stride = 1,
                     .dilation = 1, .padding = (int32_t)between(0, 3)};
  p.in_c = (int32_t)extent(index);
  p.out_c = (int32_t)between(1, 70);
  p.in_h = (int32_t)between(p.padding == 0 ? 3 : 1, 15);
  p.in_w = (int32_t)between(p.padding == 0 ? 3 : 1, 15);
  p.out_h = p.in_h + 2 * p.padding - 2;
  p.out_w = p.in_w + 2 * p.padding - 2;
  const int64_t pixels = (int64_t)p.out_h * p.out_w, in = p.in_c;
  p.activation = !poisoned && chance(2) ? DETR4J_ACTIVATION_RELU : DETR4J_ACTIVATION_NONE;
  p.rows_per_tile = (int32_t)between(1, 40);
  p.panels_per_tile = (int32_t)between(1, 3);
  p.stream_output = chance(2);
  tensor x = new_random(p.batch, (int64_t)p.in_h * p.in_w, in), before = new_random(p.batch, pixels, p.out_c);
  tensor out = new_tensor(p.batch, pixels, p.out_c), residual = before;
  const int with_residual = chance(2), in_place = with_residual && chance(2);
  if (in_place) { // the residual is the output itself
    residual = out;
    for (int64_t n = 0; n < p.batch; n++)
      for (int64_t o = 0; o < pixels; o++) memcpy(row_of(&out, n, o), row_of(&before, n, o), (size_t)p.out_c * sizeof(float));
  }
  if (poisoned) sprinkle_not_finite(&x, 1);
  float *weight = new_floats(p.out_c * in * 9), *bias = new_floats(p.out_c), *packed_bias;
  p.weight = pack(v, &p, weight, bias, &packed_bias);
  const int with_bias = chance(3) == 0;
  p.bias = with_bias ? packed_bias : NULL;
  p.x_type = chance(2) ? v->products : DETR4J_TYPE_F32;
  p.out_type = !in_place && chance(2) ? v->products : DETR4J_TYPE_F32;
  p.x = p.x_type == DETR4J_TYPE_BF16 ? narrow(&x) : x.data;
  p.residual = with_residual ? residual.data : NULL;
  p.out = p.out_type == DETR4J_TYPE_BF16 ? narrow(&out) : out.data;
  p.x_row_stride = x.row_stride;
  p.x_batch_stride = x.batch_stride;
  p.residual_row_stride = residual.row_stride;
  p.residual_batch_stride = residual.batch_stride;
  p.out_row_stride = out.row_stride;
  p.out_batch_stride = out.batch_stride;
  describe("[%d, %d, %d, %d] to %d, padding %d, %d squares by %d panels a tile", p.batch, p.in_h, p.in_w, p.in_c, p.out_c, p.padding,
           p.rows_per_tile, p.panels_per_tile);
  void *scratch = guarded_scratch(v->scratch(&p));
  RUN_TILES(v->tiles(&p), v->run(&p, tile, scratch));
  if (p.out_type == DETR4J_TYPE_BF16) widen(p.out, &out);
  check_written("out", &out);
  for (int64_t n = 0; n < p.batch; n++) {
    for (int64_t o = 0; o < pixels; o++) {
      const int64_t oy = o / p.out_w, ox = o % p.out_w;
      int near = 0; // something not finite in the window of the square
      for (int64_t k = 0; k < window * window && poisoned; k++) {
        const int64_t y = oy / v->edge * v->edge - p.padding + k / window, xx = ox / v->edge * v->edge - p.padding + k % window;
        if (y < 0 || y >= p.in_h || xx < 0 || xx >= p.in_w) continue;
        for (int64_t i = 0; i < in; i++) near |= !isfinite(row_of(&x, n, y * p.in_w + xx)[i]);
      }
      for (int64_t c = 0; c < p.out_c; c++) {
        double sum = (with_bias ? (double)bias[c] : 0) + (with_residual ? (double)row_of(&before, n, o)[c] : 0);
        // Where a pixel is not finite, only that is compared: the plain sum says it of either precision.
        const int plain = !bf16 || near;
        if (!plain) sum += from_rounded(&p, &x, weight, n, o, c);
        for (int64_t k = 0; k < 9 && plain; k++) {
          const int64_t y = oy - p.padding + k / 3, xx = ox - p.padding + k % 3;
          if (y < 0 || y >= p.in_h || xx < 0 || xx >= p.in_w) continue;
          for (int64_t i = 0; i < in; i++) {
            sum += (double)row_of(&x, n, y * p.in_w + xx)[i] * (double)weight[(c * in + i) * 9 + k];
          }
        }
        sum = p.activation == DETR4J_ACTIVATION_RELU && sum < 0 ? 0 : sum;
        const float got = row_of(&out, n, o)[c];
        if (near) {
          expect_int("not finite", o, !isfinite(sum) || !isfinite(got), !isfinite(got));
        } else {
          const double of_store = p.out_type == DETR4J_TYPE_BF16 ? 0x1.01p-8 * fabs(sum) : 0;
          expect_close("out", n, o, c, sum, got, v->tolerance * (double)(9 * in) + v->least + of_store);
        }
      }
    }
  }
}

static void body2(int32_t tier, int index) { body(&squares2, tier, index); }
static void body2_bf16(int32_t tier, int index) { body(&squares2_bf16, tier, index); }
static void body4(int32_t tier, int index) { body(&squares4, tier, index); }

void test_detr4j_winograd_conv2d_f32(int32_t tier) { run_cases("winograd_conv2d", tier, 90, body2); }
void test_detr4j_winograd_conv2d_bf16(int32_t tier) { run_cases("winograd_conv2d bf16", tier, 90, body2_bf16); }
void test_detr4j_winograd4_conv2d_f32(int32_t tier) { run_cases("winograd4_conv2d", tier, 90, body4); }
