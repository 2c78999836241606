/*
 * detr4j.h — the ABI of the CPU kernel library. Plain C11: fixed-width types, no bit-fields, explicit padding.
 *
 * Kernels are stateless and thread-free. A step of the plan is cut into tiles: the caller fills one parameter struct, asks
 * <op>_tiles how many there are, and runs each tile once, on any thread, in any order. Ops of several phases are several
 * functions; every tile of a phase ends before the next phase begins. Tile functions return DETR4J_OK or a negative status.
 *
 * Tensors are channels last. "Row" means the contiguous innermost elements; *_row_stride and *_batch_stride count elements
 * between rows and between batch items. Nothing outside the elements so described is read or written. Output tensors do
 * not overlap inputs, except that the residual or addend of an op may be the output itself.
 *
 * A change here needs: jextract/generate.sh, and DETR4J_ABI_VERSION raised when an old library could be mistaken for a new one.
 */
#ifndef DETR4J_H
#define DETR4J_H

#include <stdint.h>

#if defined(_WIN32)
#define DETR4J_API __declspec(dllexport)
#else
#define DETR4J_API __attribute__((visibility("default")))
#endif

#define DETR4J_ABI_VERSION 1

#define DETR4J_OK 0
#define DETR4J_ERROR_ARGUMENT (-1) /* a parameter is outside its range */
#define DETR4J_ERROR_TIER (-2)     /* tier unknown, or not available on this CPU */
#define DETR4J_ERROR_TYPE (-3)     /* an element type that does not exist, or that this function does not take there */

/* ---- library ---------------------------------------------------------------------------------------------------- */

/* CPU tiers, in rising order within an architecture. */
#define DETR4J_TIER_BASELINE 0     /* SSE2 on x86-64, plain C elsewhere */
#define DETR4J_TIER_X86_64_V3 1    /* AVX2 + FMA */
#define DETR4J_TIER_AVX512 2       /* AVX-512 F, BW, DQ, VL, CD */
#define DETR4J_TIER_AVX512_BF16 3  /* the same with BF16 and VNNI */
#define DETR4J_TIER_NEON 4         /* AArch64 Advanced SIMD */
#define DETR4J_TIER_AVX512_AMX 5   /* AVX512_BF16 with bf16 products in AMX tiles */

DETR4J_API uint32_t detr4j_abi_version(void);

/* Where the C compiler put one field of a parameter struct: "detr4j_add.rows"; or a whole struct: "detr4j_add", offset 0. */
typedef struct detr4j_abi_field {
  const char *name;
  int32_t offset;
  int32_t size;
} detr4j_abi_field;

/* Every struct of this header, each followed by its fields, in the header's order. */
DETR4J_API const detr4j_abi_field *detr4j_abi_fields(void);
DETR4J_API int32_t detr4j_abi_field_count(void);
/* FNV-1a, 64 bits, over that table: of each entry the name with its ending zero, then offset and size, low byte first. */
DETR4J_API uint64_t detr4j_abi_hash(void);

/* The best tier that this CPU and operating system can run (CPUID and XGETBV). */
DETR4J_API int32_t detr4j_tier_detected(void);
/* Whether this build contains the tier and this CPU can run it: 1 or 0. */
DETR4J_API int32_t detr4j_tier_available(int32_t tier);
/* A short name ("baseline", "x86-64-v3", "avx512", "avx512-bf16", "neon", "avx512-amx"), NULL when unknown. */
DETR4J_API const char *detr4j_tier_name(int32_t tier);
/* Why a tier cannot run here, a sentence without its full stop; NULL when it can. */
DETR4J_API const char *detr4j_tier_refusal(int32_t tier);
/* 1 when this tier can run here and has convolutions and attention with products of this element type, else 0. */
DETR4J_API int32_t detr4j_tier_multiplies(int32_t tier, int32_t type);
/* Columns of a packed weight panel in this tier: the width of its register tile. */
DETR4J_API int32_t detr4j_panel_columns(int32_t tier);

/* Every parameter struct begins with the tier whose kernels run it, so that several tiers can be compared in one process. */

/*
 * Element types, the values of the *_type fields. A function has the type that it computes in in its name: detr4j_conv2d_bf16.
 * A tensor with such a field is fp32 or of the function's type, as the field says; anything else is DETR4J_ERROR_TYPE.
 */
#define DETR4J_TYPE_F32 0  /* IEEE 754 binary32 */
#define DETR4J_TYPE_BF16 1 /* its upper half, rounded to nearest even */

/* ---- convolution and linear layers ------------------------------------------------------------------------------ */

#define DETR4J_ACTIVATION_NONE 0
#define DETR4J_ACTIVATION_RELU 1
#define DETR4J_ACTIVATION_GELU 2
#define DETR4J_ACTIVATION_SILU 3

#define DETR4J_ROW_MASK_NONE 0
#define DETR4J_ROW_MASK_ZERO_INPUT 1
#define DETR4J_ROW_MASK_ZERO_OUTPUT 2

/*
 * out = activation(conv(x) + bias + residual), zero padding; a linear layer is in_h = rows, in_w = 1 and a 1x1 kernel.
 *
 * weight: packed panels. For group g and panel p (panel_columns output channels each, the last one padded with zeros), the
 * panel is [kernel_h][kernel_w][in_c / groups][panel_columns]; panels follow each other, groups outermost.
 * bias: [groups][panels of a group][panel_columns], zero-padded, or NULL. residual: laid out like out, or NULL.
 * row_mask: one byte an output row, [batch][out_h * out_w], or NULL.
 * stream_output: 1 where out is larger than the caches, so that nobody will find it there: it is then written past them, and
 * its old contents are not fetched first. 0 otherwise. The result is the same.
 * tiles_at_once: how many tiles run side by side. A tile then asks for the input of tile + tiles_at_once, which its thread will
 * probably take next, while it computes. 0: it does not. The result is the same.
 * A tile is rows_per_tile output rows of one batch item by panels_per_tile panels; tile = (item * row_blocks + row_block) * panel_blocks + panel_block.
 */
typedef struct detr4j_conv2d {
  int32_t tier;
  int32_t batch;
  int32_t in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride, padding, dilation, groups;
  int32_t activation;
  int32_t row_mask_mode;
  int32_t rows_per_tile;
  int32_t panels_per_tile;
  int32_t stream_output;
  int32_t x_type, out_type; /* DETR4J_TYPE_...: of x and of out */
  int32_t tiles_at_once;
  const void *x;
  const void *weight; /* of the type of the products */
  const float *bias;
  const float *residual;
  const uint8_t *row_mask;
  void *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t residual_row_stride, residual_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_conv2d;

DETR4J_API int64_t detr4j_conv2d_f32_tiles(const detr4j_conv2d *p);
/* Bytes of scratch that one running tile needs; 64-byte aligned, one for each worker. */
DETR4J_API int64_t detr4j_conv2d_f32_scratch(const detr4j_conv2d *p);
DETR4J_API int32_t detr4j_conv2d_f32(const detr4j_conv2d *p, int64_t tile, void *scratch);

/*
 * The same convolution where the kernel is 3x3, stride, dilation and groups are 1 and there is no row mask, by Winograd's
 * F(2x2, 3x3): 16 products where detr4j_conv2d_f32 takes 36.
 *
 * weight: U = G g G^T of each kernel g, G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1], in panels of [16][in_c][panel_columns]; the
 * 16 are U's elements, row by row. A tile is rows_per_tile squares of 2x2 output pixels, in row order from the first pixel
 * of one batch item, by panels_per_tile panels. A square is computed from the 4x4 input pixels around it: an output
 * may differ from detr4j_conv2d_f32's by roundings of the size of those, and is not finite where one of them, up to one pixel
 * outside its own window, is not.
 */
DETR4J_API int64_t detr4j_winograd_conv2d_f32_tiles(const detr4j_conv2d *p);
/* Bytes of scratch that one running tile needs; 64-byte aligned, one for each worker. */
DETR4J_API int64_t detr4j_winograd_conv2d_f32_scratch(const detr4j_conv2d *p);
DETR4J_API int32_t detr4j_winograd_conv2d_f32(const detr4j_conv2d *p, int64_t tile, void *scratch);

/*
 * The same by F(4x4, 3x3): 36 products where detr4j_conv2d_f32 takes 144, at up to 2.8 times its rounding errors. G = [1 0 0; -1/3 -1/3 -1/3;
 * 1/3 -1/3 1/3; 1/15 2/15 4/15; -16/15 8/15 -4/15; 0 0 1]; panels of [36][in_c][panel_columns]; squares of 4x4 output pixels from
 * the 6x6 input pixels around them, up to three of which lie outside an output's own window on one side.
 */
DETR4J_API int64_t detr4j_winograd4_conv2d_f32_tiles(const detr4j_conv2d *p);
DETR4J_API int64_t detr4j_winograd4_conv2d_f32_scratch(const detr4j_conv2d *p);
DETR4J_API int32_t detr4j_winograd4_conv2d_f32(const detr4j_conv2d *p, int64_t tile, void *scratch);

/*
 * conv2d and winograd_conv2d with bf16 products and fp32 sums, in tiers that detr4j_tier_multiplies. x and the weights are rounded to bf16, to nearest
 * even; with Winograd the transformed x and U are. Sums, bias, residual and activation are fp32. x and out may be bf16 themselves
 * (x_type, out_type); strides count elements of the map that they are of. A weight panel holds 32-bit words of two bf16, the first in the low half.
 * conv2d: the kernel_h * kernel_w * in_c / groups values of a window as [words][panel_columns], an odd one's partner is 0;
 * winograd: [16][words of in_c][panel_columns].
 * In the tier avx512-amx conv2d multiplies in tiles, which count numbers below 2^-126 as 0 and sum even and odd channels apart.
 */
DETR4J_API int64_t detr4j_conv2d_bf16_tiles(const detr4j_conv2d *p);
DETR4J_API int64_t detr4j_conv2d_bf16_scratch(const detr4j_conv2d *p);
DETR4J_API int32_t detr4j_conv2d_bf16(const detr4j_conv2d *p, int64_t tile, void *scratch);
DETR4J_API int64_t detr4j_winograd_conv2d_bf16_tiles(const detr4j_conv2d *p);
DETR4J_API int64_t detr4j_winograd_conv2d_bf16_scratch(const detr4j_conv2d *p);
DETR4J_API int32_t detr4j_winograd_conv2d_bf16(const detr4j_conv2d *p, int64_t tile, void *scratch);

/*
 * Depthwise convolution: groups = in_c = out_c. weight: [kernel_h][kernel_w][channels]; bias [channels] or NULL.
 * A tile is rows_per_tile output image rows (out_h direction) of one batch item.
 */
DETR4J_API int64_t detr4j_depthwise_conv2d_f32_tiles(const detr4j_conv2d *p);
DETR4J_API int32_t detr4j_depthwise_conv2d_f32(const detr4j_conv2d *p, int64_t tile);

typedef struct detr4j_max_pool {
  int32_t tier;
  int32_t batch;
  int32_t in_h, in_w, channels;
  int32_t out_h, out_w;
  int32_t kernel, stride, padding;
  int32_t rows_per_tile; /* output image rows in a tile */
  int32_t x_type, out_type; /* DETR4J_TYPE_... */
  int32_t reserved;
  const void *x;
  void *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_max_pool;

DETR4J_API int64_t detr4j_max_pool_f32_tiles(const detr4j_max_pool *p);
DETR4J_API int32_t detr4j_max_pool_f32(const detr4j_max_pool *p, int64_t tile);
/* The same where x, out or both are bf16. */
DETR4J_API int64_t detr4j_max_pool_bf16_tiles(const detr4j_max_pool *p);
DETR4J_API int32_t detr4j_max_pool_bf16(const detr4j_max_pool *p, int64_t tile);

/*
 * The mean of the pixels under a window, with the parameters of the maximum; padding is 0. A window that leaves the map at
 * the bottom or right counts those that it has.
 */
DETR4J_API int64_t detr4j_average_pool_f32_tiles(const detr4j_max_pool *p);
DETR4J_API int32_t detr4j_average_pool_f32(const detr4j_max_pool *p, int64_t tile);

/* Every pixel factor x factor times: [in_h][in_w] to [factor in_h][factor in_w]. A tile is rows_per_tile input rows of one item. */
typedef struct detr4j_upsample {
  int32_t tier;
  int32_t batch;
  int32_t in_h, in_w, channels;
  int32_t factor;
  int32_t rows_per_tile;
  int32_t reserved;
  const float *x;
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_upsample;

DETR4J_API int64_t detr4j_upsample_f32_tiles(const detr4j_upsample *p);
DETR4J_API int32_t detr4j_upsample_f32(const detr4j_upsample *p, int64_t tile);

/* ---- normalisation and sums -------------------------------------------------------------------------------------- */

/* y = LN(x (+ residual)); y_plus = y + addend when addend is not NULL. A tile is rows_per_tile rows of one batch item. */
typedef struct detr4j_layer_norm {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t channels;
  int32_t rows_per_tile;
  float epsilon;
  int32_t reserved;
  const float *x, *residual, *addend, *weight, *bias;
  float *y, *y_plus;
  int64_t x_row_stride, x_batch_stride;
  int64_t residual_row_stride, residual_batch_stride;
  int64_t addend_row_stride, addend_batch_stride;
  int64_t y_row_stride, y_batch_stride;
  int64_t y_plus_row_stride, y_plus_batch_stride;
} detr4j_layer_norm;

DETR4J_API int64_t detr4j_layer_norm_f32_tiles(const detr4j_layer_norm *p);
DETR4J_API int32_t detr4j_layer_norm_f32(const detr4j_layer_norm *p, int64_t tile);

/*
 * Two phases over the same tiles (rows_per_tile rows of one batch item): statistics, then apply.
 * workspace: [batch][tiles of an item][groups][2] doubles (mean, sum of squared deviations) of each tile.
 */
typedef struct detr4j_group_norm {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t channels, groups;
  int32_t rows_per_tile;
  float epsilon;
  const float *x, *weight, *bias;
  float *y;
  double *workspace;
  int64_t x_row_stride, x_batch_stride;
  int64_t y_row_stride, y_batch_stride;
} detr4j_group_norm;

DETR4J_API int64_t detr4j_group_norm_f32_tiles(const detr4j_group_norm *p);
DETR4J_API int64_t detr4j_group_norm_f32_workspace(const detr4j_group_norm *p);
DETR4J_API int32_t detr4j_group_norm_f32_statistics(const detr4j_group_norm *p, int64_t tile);
DETR4J_API int32_t detr4j_group_norm_f32_apply(const detr4j_group_norm *p, int64_t tile);

/*
 * y = x + weight n x + bias with g = sqrt(sum of x^2 of a channel over the rows of a batch item), n = g / (mean of g over the
 * channels + epsilon). Two phases over the same tiles (rows_per_tile rows of one batch item): statistics, then apply.
 * workspace: [batch][tiles of an item][channels] doubles, the sum of squares of each tile.
 */
typedef struct detr4j_global_response_norm {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t channels;
  int32_t rows_per_tile;
  float epsilon;
  int32_t reserved;
  const float *x, *weight, *bias;
  float *y;
  double *workspace;
  int64_t x_row_stride, x_batch_stride;
  int64_t y_row_stride, y_batch_stride;
} detr4j_global_response_norm;

DETR4J_API int64_t detr4j_global_response_norm_f32_tiles(const detr4j_global_response_norm *p);
DETR4J_API int64_t detr4j_global_response_norm_f32_workspace(const detr4j_global_response_norm *p);
DETR4J_API int32_t detr4j_global_response_norm_f32_statistics(const detr4j_global_response_norm *p, int64_t tile);
DETR4J_API int32_t detr4j_global_response_norm_f32_apply(const detr4j_global_response_norm *p, int64_t tile);

/* out = a + b. A tile is rows_per_tile rows of one batch item. */
typedef struct detr4j_add {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t columns;
  int32_t rows_per_tile;
  const float *a, *b;
  float *out;
  int64_t a_row_stride, a_batch_stride;
  int64_t b_row_stride, b_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_add;

DETR4J_API int64_t detr4j_add_f32_tiles(const detr4j_add *p);
DETR4J_API int32_t detr4j_add_f32(const detr4j_add *p, int64_t tile);

/* out = a * b, with the parameters of the sum. */
DETR4J_API int64_t detr4j_multiply_f32_tiles(const detr4j_add *p);
DETR4J_API int32_t detr4j_multiply_f32(const detr4j_add *p, int64_t tile);

/* The largest value of each row, NaN before all: [rows][columns] to [rows][1]. A tile is rows_per_tile rows of one batch item. */
typedef struct detr4j_row_max {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t columns;
  int32_t rows_per_tile;
  const float *x;
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_row_max;

DETR4J_API int64_t detr4j_row_max_f32_tiles(const detr4j_row_max *p);
DETR4J_API int32_t detr4j_row_max_f32(const detr4j_row_max *p, int64_t tile);

/* out = sigmoid(a1) b1 + sigmoid(a2) b2 with the parameters of the sum: a and b have 2 * columns columns, those of the first summand first. */
DETR4J_API int64_t detr4j_gate_f32_tiles(const detr4j_add *p);
DETR4J_API int32_t detr4j_gate_f32(const detr4j_add *p, int64_t tile);

/* out = min(max(x, least), most); NaN stays NaN. A tile is rows_per_tile rows of one batch item. */
typedef struct detr4j_clamp {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t columns;
  int32_t rows_per_tile;
  float least, most;
  const float *x;
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_clamp;

DETR4J_API int64_t detr4j_clamp_f32_tiles(const detr4j_clamp *p);
DETR4J_API int32_t detr4j_clamp_f32(const detr4j_clamp *p, int64_t tile);

/* ---- attention --------------------------------------------------------------------------------------------------- */

/*
 * out = softmax(q k^T scale) v for each head. Two phases: pack lays the keys of each head out as panels in workspace, then
 * the attention itself. key_mask: [batch][keys], 0 = leave out, or NULL. workspace: 64-byte aligned.
 * Tiles of pack: one head of one item. Tiles of the second phase: queries_per_tile queries of one head of one item.
 */
typedef struct detr4j_attention {
  int32_t tier;
  int32_t batch;
  int32_t queries, keys;
  int32_t heads, head_dim;
  int32_t queries_per_tile;
  float scale;
  int32_t q_type, k_type, v_type, out_type; /* DETR4J_TYPE_... */
  const void *q, *k, *v;
  const uint8_t *key_mask;
  void *out;
  void *workspace;
  int64_t q_row_stride, q_batch_stride;
  int64_t k_row_stride, k_batch_stride;
  int64_t v_row_stride, v_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_attention;

DETR4J_API int64_t detr4j_attention_f32_workspace(const detr4j_attention *p);
DETR4J_API int64_t detr4j_attention_f32_pack_tiles(const detr4j_attention *p);
DETR4J_API int32_t detr4j_attention_f32_pack(const detr4j_attention *p, int64_t tile);
DETR4J_API int64_t detr4j_attention_f32_tiles(const detr4j_attention *p);
DETR4J_API int64_t detr4j_attention_f32_scratch(const detr4j_attention *p);
DETR4J_API int32_t detr4j_attention_f32(const detr4j_attention *p, int64_t tile, void *scratch);

/*
 * The same with bf16 products and fp32 sums: q, k, v and the numerators of the softmax are rounded to bf16, to nearest even. The
 * softmax itself and its denominator are fp32.
 */
DETR4J_API int64_t detr4j_attention_bf16_workspace(const detr4j_attention *p);
DETR4J_API int64_t detr4j_attention_bf16_pack_tiles(const detr4j_attention *p);
DETR4J_API int32_t detr4j_attention_bf16_pack(const detr4j_attention *p, int64_t tile);
DETR4J_API int64_t detr4j_attention_bf16_tiles(const detr4j_attention *p);
DETR4J_API int64_t detr4j_attention_bf16_scratch(const detr4j_attention *p);
DETR4J_API int32_t detr4j_attention_bf16(const detr4j_attention *p, int64_t tile, void *scratch);

/* Multi-scale deformable attention; shapes as in the Java record MsDeformAttention. levels: [levels_count][3] = height, width, first
 * token. shared_value: 1 where all heads sample the same head_dim channels; each then writes head_dim + 1 columns, the last of which is
 * the sum of the weights of the corners on a map.
 * workspace: NULL, or room for the value laid out by heads, [batch][heads][tokens][head_dim]; then the phase pack, in tiles of
 * tokens_per_tile tokens of one item, comes before. Not with shared_value. The result is the same. */
typedef struct detr4j_ms_deform_attention {
  int32_t tier;
  int32_t batch;
  int32_t queries, tokens;
  int32_t heads, head_dim;
  int32_t levels_count, points;
  int32_t reference_columns; /* 2 or 4 */
  int32_t queries_per_tile, tokens_per_tile;
  int32_t shared_value;
  int32_t value_type, out_type; /* DETR4J_TYPE_... */
  const int32_t *levels;
  const void *value;
  const float *offsets, *logits, *reference, *valid_ratios;
  void *out;
  void *workspace;
  int64_t value_row_stride, value_batch_stride;
  int64_t offsets_row_stride, offsets_batch_stride;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_ms_deform_attention; /* valid_ratios: [batch][levels_count][2], contiguous */

DETR4J_API int64_t detr4j_ms_deform_attention_f32_workspace(const detr4j_ms_deform_attention *p);
DETR4J_API int64_t detr4j_ms_deform_attention_f32_pack_tiles(const detr4j_ms_deform_attention *p);
DETR4J_API int32_t detr4j_ms_deform_attention_f32_pack(const detr4j_ms_deform_attention *p, int64_t tile);
DETR4J_API int64_t detr4j_ms_deform_attention_f32_tiles(const detr4j_ms_deform_attention *p);
DETR4J_API int64_t detr4j_ms_deform_attention_f32_scratch(const detr4j_ms_deform_attention *p);
DETR4J_API int32_t detr4j_ms_deform_attention_f32(const detr4j_ms_deform_attention *p, int64_t tile, void *scratch);

/* The same with a workspace that holds the value as bf16, rounded to nearest even. All arithmetic is fp32. */
DETR4J_API int64_t detr4j_ms_deform_attention_bf16_workspace(const detr4j_ms_deform_attention *p);
DETR4J_API int64_t detr4j_ms_deform_attention_bf16_pack_tiles(const detr4j_ms_deform_attention *p);
DETR4J_API int32_t detr4j_ms_deform_attention_bf16_pack(const detr4j_ms_deform_attention *p, int64_t tile);
DETR4J_API int64_t detr4j_ms_deform_attention_bf16_tiles(const detr4j_ms_deform_attention *p);
DETR4J_API int64_t detr4j_ms_deform_attention_bf16_scratch(const detr4j_ms_deform_attention *p);
DETR4J_API int32_t detr4j_ms_deform_attention_bf16(const detr4j_ms_deform_attention *p, int64_t tile, void *scratch);

/* Deformable attention whose samples are values of single cells; shapes and the choice of the cell as in the Java record CellAttention.
 * levels: [levels_count][3] = height, width, first token. A tile is queries_per_tile queries of one item. */
typedef struct detr4j_cell_attention {
  int32_t tier;
  int32_t batch;
  int32_t queries, tokens;
  int32_t heads, head_dim;
  int32_t levels_count, points;
  int32_t queries_per_tile;
  int32_t reserved;
  const int32_t *levels;
  const float *value, *offsets, *logits, *reference;
  float *out;
  int64_t value_row_stride, value_batch_stride;
  int64_t offsets_row_stride, offsets_batch_stride;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cell_attention;

DETR4J_API int64_t detr4j_cell_attention_f32_tiles(const detr4j_cell_attention *p);
DETR4J_API int32_t detr4j_cell_attention_f32(const detr4j_cell_attention *p, int64_t tile);

/* ---- positions and boxes ----------------------------------------------------------------------------------------- */

/* valid: [batch][2] = valid height and width in cells. frequencies: [features], the divisors t_i. addend: [2 features] or NULL.
 * A tile is one image row of one batch item. */
typedef struct detr4j_sine_position {
  int32_t tier;
  int32_t batch;
  int32_t height, width;
  int32_t features;
  float offset;
  const int32_t *valid;
  const float *divisors;
  const float *addend;
  float *out;
  int64_t out_row_stride, out_batch_stride;
} detr4j_sine_position;

DETR4J_API int64_t detr4j_sine_position_f32_tiles(const detr4j_sine_position *p);
DETR4J_API int32_t detr4j_sine_position_f32(const detr4j_sine_position *p, int64_t tile);

/* boxes [batch][queries][4] to [batch][queries][4 features]. A tile is queries_per_tile queries of one item. */
typedef struct detr4j_proposal_embedding {
  int32_t tier;
  int32_t batch;
  int32_t queries;
  int32_t features;
  int32_t queries_per_tile;
  int32_t reserved;
  const float *divisors;
  const float *boxes;
  float *out;
  int64_t boxes_row_stride, boxes_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_proposal_embedding;

DETR4J_API int64_t detr4j_proposal_embedding_f32_tiles(const detr4j_proposal_embedding *p);
DETR4J_API int32_t detr4j_proposal_embedding_f32(const detr4j_proposal_embedding *p, int64_t tile);

#define DETR4J_REFERENCE_NONE 0
#define DETR4J_REFERENCE_POINT 1
#define DETR4J_REFERENCE_BOX 2
#define DETR4J_REFERENCE_LOGITS 3
#define DETR4J_REFERENCE_RELATIVE 4

/* out = sigmoid(delta + start(reference)); RELATIVE, of 4 columns: (dx w + cx, dy h + cy, e^dw w, e^dh h) of the reference. One tile. */
typedef struct detr4j_box_refinement {
  int32_t tier;
  int32_t batch;
  int32_t queries;
  int32_t columns;
  int32_t reference_kind;
  float epsilon;
  const float *delta, *reference;
  float *out;
  int64_t delta_row_stride, delta_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_box_refinement;

DETR4J_API int32_t detr4j_box_refinement_f32(const detr4j_box_refinement *p);

/*
 * Softmax over the bins of several groups of logits, [groups][bins] a query; shapes and formulas as in the Java records
 * DistanceBoxes (groups = 4; boxes, worth [bins] and scale [1] are read, k is not) and TopProbabilities (of the inputs only the
 * logits are read). A tile is queries_per_tile queries of one item.
 */
typedef struct detr4j_distribution {
  int32_t tier;
  int32_t batch;
  int32_t queries;
  int32_t groups, bins, k;
  int32_t queries_per_tile;
  int32_t reserved;
  const float *logits, *boxes, *worth, *scale;
  float *out;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t boxes_row_stride, boxes_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_distribution;

DETR4J_API int64_t detr4j_distance_boxes_f32_tiles(const detr4j_distribution *p);
DETR4J_API int32_t detr4j_distance_boxes_f32(const detr4j_distribution *p, int64_t tile);
DETR4J_API int64_t detr4j_top_probabilities_f32_tiles(const detr4j_distribution *p);
DETR4J_API int32_t detr4j_top_probabilities_f32(const detr4j_distribution *p, int64_t tile);

/* ---- selection --------------------------------------------------------------------------------------------------- */

/* The k largest of [rows][columns], falling; ties by lower index, NaN largest. A tile is one batch item. */
typedef struct detr4j_top_k {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t columns;
  int32_t k;
  const float *x;
  float *values;    /* [batch][k] */
  int32_t *indices; /* [batch][k] */
  int64_t x_row_stride, x_batch_stride;
} detr4j_top_k;

DETR4J_API int32_t detr4j_top_k_f32(const detr4j_top_k *p, int64_t tile);

/* out[n][i] = x[n][indices[n][i]]. A tile is one batch item. */
typedef struct detr4j_gather {
  int32_t tier;
  int32_t batch;
  int64_t rows; /* of x; an index outside is DETR4J_ERROR_ARGUMENT */
  int32_t columns;
  int32_t k;
  const float *x;
  const int32_t *indices; /* [batch][k] */
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_gather;

DETR4J_API int32_t detr4j_gather_f32(const detr4j_gather *p, int64_t tile);

#define DETR4J_DECAY_GAUSSIAN 0
#define DETR4J_DECAY_LINEAR 1
#define DETR4J_DECAY_HARD 2

/* boxes [count][4], scores [count], labels [count]. kept_scores (soft only), kept: [count]; kept_count: one value.
 * scratch: see the _scratch functions. */
typedef struct detr4j_nms {
  int32_t tier;
  int32_t count;
  int32_t decay;
  float sigma, iou_threshold, score_threshold;
  const float *boxes, *scores;
  const int32_t *labels;
  float *kept_scores;
  int32_t *kept;
  int32_t *kept_count;
} detr4j_nms;

DETR4J_API int64_t detr4j_nms_f32_scratch(const detr4j_nms *p);
DETR4J_API int32_t detr4j_soft_nms_f32(const detr4j_nms *p, void *scratch);
DETR4J_API int32_t detr4j_nms_f32(const detr4j_nms *p, void *scratch);

/* ---- image ------------------------------------------------------------------------------------------------------- */

#define DETR4J_RESIZE_ROUND_EACH_PASS 0 /* (2^(precision-1) + sum of weight * byte) >> precision, clamped, in both passes */
#define DETR4J_RESIZE_OPENCV_LINEAR 1   /* two taps, clamped positions; the horizontal sum s stays an int32_t, then
                                           (((w0 * (s0 >> 4)) >> 16) + ((w1 * (s1 >> 4)) >> 16) + 2) >> 2, clamped */
#define DETR4J_RESIZE_LINEAR_F32 2      /* two taps, clamped positions, weights times 2^-precision; in both passes w0 * v0 + w1 * v1 in fp32
                                           of v = lookup[256 * channel + byte] */

/*
 * Separable fixed-point resize, horizontal then vertical, then lookup[256 * channel + byte]; linear in fp32, the lookup comes first.
 * start_x, count_x: [width]; weight_x: [width][taps_x]; NULL start_x leaves the pass out. Likewise for y over height; where the
 * arithmetic has two taps, both passes are there, and start may be -1 or the last position.
 * workspace: [source_h][width][3] bytes, with OpenCV's arithmetic int32_t, linear in fp32 float. Tiles: rows_per_tile rows; of the source in the first phase, of the padded output in the second.
 */
typedef struct detr4j_resize {
  int32_t tier;
  int32_t source_h, source_w;
  int32_t height, width;
  int32_t padded_h, padded_w;
  int32_t taps_x, taps_y;
  int32_t precision_x, precision_y;
  int32_t rows_per_tile;
  int32_t arithmetic; /* one of DETR4J_RESIZE_… */
  int32_t reserved;
  const uint8_t *pixels;
  const int32_t *start_x, *count_x, *weight_x;
  const int32_t *start_y, *count_y, *weight_y;
  const float *lookup;
  uint8_t *workspace;
  float *out;
  int64_t pixels_row_stride; /* bytes between image rows */
} detr4j_resize; /* out: [padded_h][padded_w][3], contiguous */

DETR4J_API int64_t detr4j_resize_u8_workspace(const detr4j_resize *p);
DETR4J_API int64_t detr4j_resize_u8_horizontal_tiles(const detr4j_resize *p);
DETR4J_API int32_t detr4j_resize_u8_horizontal(const detr4j_resize *p, int64_t tile);
DETR4J_API int64_t detr4j_resize_u8_vertical_tiles(const detr4j_resize *p);
DETR4J_API int32_t detr4j_resize_u8_vertical(const detr4j_resize *p, int64_t tile, void *scratch);
DETR4J_API int64_t detr4j_resize_u8_vertical_scratch(const detr4j_resize *p);

#include "detr4j_gradients.h" /* it has what training adds */

#endif /* DETR4J_H */
