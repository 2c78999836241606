/*
 * detr4j_gradients.h — the part of the ABI that only training calls: how gradients pass the operations of detr4j.h, which says what a
 * tile, a row and a stride are. A change here needs what one there needs.
 */
#ifndef DETR4J_GRADIENTS_H
#define DETR4J_GRADIENTS_H

#include "detr4j.h"

/*
 * dz = dy * f'(z): at is the output y of a ReLU, or the input z of a GELU. Rows as in detr4j_add.
 */
typedef struct detr4j_activation_gradient {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t columns;
  int32_t rows_per_tile;
  int32_t activation;
  int32_t reserved;
  const float *dy, *at;
  float *dz;
  int64_t dy_row_stride, dy_batch_stride;
  int64_t at_row_stride, at_batch_stride;
  int64_t dz_row_stride, dz_batch_stride;
} detr4j_activation_gradient;

DETR4J_API int64_t detr4j_activation_gradient_f32_tiles(const detr4j_activation_gradient *p);
DETR4J_API int32_t detr4j_activation_gradient_f32(const detr4j_activation_gradient *p, int64_t tile);

/*
 * Gradients by the weights of a convolution without groups, or of a linear layer (in_h = rows, in_w = 1, a 1x1 kernel):
 * out[o][c][tap] = sum[o][c][tap] + sum over output pixels of dz[pixel][o] x[pixel under tap][c], zeros outside the map; and
 * bias_out[o] = bias_sum[o] + sum over pixels of dz[pixel][o], unless bias_out is NULL. sum and out have no gaps and may be
 * one memory, so may bias_sum and bias_out.
 * row_mask: as in detr4j_conv2d; masked rows are left out of the product, and with ZERO_OUTPUT of the bias.
 * A tile is rows_per_tile output pixels of every item, channels_per_tile output channels and one block of (tap, c);
 * tile = (slice * channel_blocks + channel_block) * k_blocks + k_block. Where rows_per_tile makes several slices, tiles leave their sums
 * in partial, [slices][out_c * taps * in_c + out_c], and join adds them up: a tile of it is an output channel.
 */
typedef struct detr4j_weight_gradient {
  int32_t tier;
  int32_t batch;
  int32_t in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride, padding, dilation;
  int32_t row_mask_mode;
  int32_t channels_per_tile;
  int32_t rows_per_tile;
  const float *x, *dz, *sum, *bias_sum;
  const uint8_t *row_mask;
  float *out, *bias_out, *partial;
  int64_t x_row_stride, x_batch_stride;
  int64_t dz_row_stride, dz_batch_stride;
} detr4j_weight_gradient;

DETR4J_API int64_t detr4j_weight_gradient_f32_tiles(const detr4j_weight_gradient *p);
DETR4J_API int64_t detr4j_weight_gradient_f32_scratch(const detr4j_weight_gradient *p);
DETR4J_API int32_t detr4j_weight_gradient_f32(const detr4j_weight_gradient *p, int64_t tile, void *scratch);
DETR4J_API int64_t detr4j_weight_gradient_join_f32_tiles(const detr4j_weight_gradient *p);
DETR4J_API int32_t detr4j_weight_gradient_join_f32(const detr4j_weight_gradient *p, int64_t tile);
/* The same of a depthwise convolution, in_c = out_c: out is [channel][tap]. A tile is a vector of channels. */
DETR4J_API int64_t detr4j_depthwise_weight_gradient_f32_tiles(const detr4j_weight_gradient *p);
DETR4J_API int32_t detr4j_depthwise_weight_gradient_f32(const detr4j_weight_gradient *p, int64_t tile);

/*
 * The gradient of layer norm by its input s = x (+ residual), and for each tile the sums of its rows: sums[tile][2][channels],
 * of dy x^ and of dy. The caller adds the tiles up.
 */
typedef struct detr4j_layer_norm_gradient {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t channels;
  int32_t rows_per_tile;
  float epsilon;
  int32_t reserved;
  const float *x, *residual, *dy, *weight;
  float *dx, *sums;
  int64_t x_row_stride, x_batch_stride;
  int64_t residual_row_stride, residual_batch_stride;
  int64_t dy_row_stride, dy_batch_stride;
  int64_t dx_row_stride, dx_batch_stride;
} detr4j_layer_norm_gradient;

DETR4J_API int64_t detr4j_layer_norm_gradient_f32_tiles(const detr4j_layer_norm_gradient *p);
DETR4J_API int64_t detr4j_layer_norm_gradient_f32_scratch(const detr4j_layer_norm_gradient *p);
DETR4J_API int32_t detr4j_layer_norm_gradient_f32(const detr4j_layer_norm_gradient *p, int64_t tile, void *scratch);

/*
 * Two passes over rows of channels, for normalisations over rows. sums: for each tile, [4][channels] doubles: with the
 * deviation d = x - shift of a channel, the sums over its rows of d, d^2, dy and dy d; shift is [batch][channels], and the
 * sums of dy alone are taken where x is NULL (in place 2). combine: dx = dy * a + d * b + c with [batch][3][channels] factors a,
 * b and c.
 */
typedef struct detr4j_channel_sums {
  int32_t tier;
  int32_t batch;
  int64_t rows;
  int32_t channels;
  int32_t rows_per_tile;
  const float *x, *dy, *shift, *factors;
  double *sums;
  float *dx;
  int64_t x_row_stride, x_batch_stride;
  int64_t dy_row_stride, dy_batch_stride;
  int64_t dx_row_stride, dx_batch_stride;
} detr4j_channel_sums;

DETR4J_API int64_t detr4j_channel_sums_f32_tiles(const detr4j_channel_sums *p);
DETR4J_API int64_t detr4j_channel_sums_f32_scratch(const detr4j_channel_sums *p);
DETR4J_API int32_t detr4j_channel_sums_f32(const detr4j_channel_sums *p, int64_t tile, void *scratch);
DETR4J_API int32_t detr4j_channel_combine_f32(const detr4j_channel_sums *p, int64_t tile);

/*
 * The gradients of detr4j_attention by q, k and v; its weights are computed anew. A tile is one head of one batch item.
 * key_mask: one byte a key, [batch][keys], or NULL; masked keys get zeros.
 */
typedef struct detr4j_attention_gradient {
  int32_t tier;
  int32_t batch, heads, head_dim;
  int32_t queries, keys;
  float scale;
  int32_t reserved;
  const float *q, *k, *v, *d_out;
  const uint8_t *key_mask;
  float *dq, *dk, *dv;
  int64_t q_row_stride, q_batch_stride;
  int64_t k_row_stride, k_batch_stride;
  int64_t v_row_stride, v_batch_stride;
  int64_t d_out_row_stride, d_out_batch_stride;
  int64_t dq_row_stride, dq_batch_stride;
  int64_t dk_row_stride, dk_batch_stride;
  int64_t dv_row_stride, dv_batch_stride;
} detr4j_attention_gradient;

DETR4J_API int64_t detr4j_attention_gradient_f32_tiles(const detr4j_attention_gradient *p);
DETR4J_API int64_t detr4j_attention_gradient_f32_scratch(const detr4j_attention_gradient *p);
DETR4J_API int32_t detr4j_attention_gradient_f32(const detr4j_attention_gradient *p, int64_t tile, void *scratch);

/*
 * The gradients of detr4j_ms_deform_attention by value, offsets and logits, and by the reference unless d_reference is NULL:
 * [batch][heads][queries][reference_columns], of each head; the caller adds the heads up. A tile is one head of one batch item,
 * so that no two tiles write to one cell. level_shapes: [levels][2] int32, height and width.
 */
typedef struct detr4j_ms_deform_attention_gradient {
  int32_t tier;
  int32_t batch, heads, head_dim, levels, points;
  int32_t reference_columns;
  int32_t queries;
  int32_t tokens;
  int32_t reserved;
  const int32_t *level_shapes;
  const float *value, *offsets, *logits, *reference, *ratios, *d_out;
  float *d_value, *d_offsets, *d_logits, *d_reference;
  int64_t value_row_stride, value_batch_stride;
  int64_t offsets_row_stride, offsets_batch_stride;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t ratios_row_stride, ratios_batch_stride;
  int64_t d_out_row_stride, d_out_batch_stride;
  int64_t d_value_row_stride, d_value_batch_stride;
  int64_t d_offsets_row_stride, d_offsets_batch_stride;
  int64_t d_logits_row_stride, d_logits_batch_stride;
} detr4j_ms_deform_attention_gradient;

DETR4J_API int64_t detr4j_ms_deform_attention_gradient_f32_tiles(const detr4j_ms_deform_attention_gradient *p);
DETR4J_API int64_t detr4j_ms_deform_attention_gradient_f32_scratch(const detr4j_ms_deform_attention_gradient *p);
DETR4J_API int32_t detr4j_ms_deform_attention_gradient_f32(const detr4j_ms_deform_attention_gradient *p, int64_t tile, void *scratch);

#endif /* DETR4J_GRADIENTS_H */
