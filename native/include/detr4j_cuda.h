/*
 * detr4j_cuda.h — the ABI of the CUDA library. Plain C11: fixed-width types, no bit-fields, explicit padding.
 *
 * libdetr4j_cuda runs it on a device; libdetr4j_cuda_emulated, made from the same sources, on an emulation of one on the CPU.
 *
 * A device is opened once; queues are made of it, one for each caller at a time. Every operation is one function: it checks
 * its parameters, puts its kernels on the queue and returns; the result is there when detr4j_cuda_wait has returned. Work of
 * one queue runs in order. Between detr4j_cuda_record and detr4j_cuda_recorded nothing runs: the program that comes of it puts the same
 * work on a queue again, in one call, with the same addresses.
 *
 * Every function returns DETR4J_CUDA_OK or a negative status; detr4j_cuda_queue_error then has one sentence. A queue whose work has failed
 * returns that status from then on. Nothing here is safe for two threads on the same queue.
 *
 * Tensors are channels last. "Row" means the contiguous innermost elements; *_row_stride and *_batch_stride count elements
 * between rows and between batch items. Tensors are in device memory. Nothing outside the elements so described is read or
 * written. Outputs do not overlap inputs, except that the residual or addend of an operation may be the output itself.
 *
 * A change here needs: jextract/generate.sh, and DETR4J_CUDA_ABI_VERSION raised when an old library could be mistaken for a new one.
 */
#ifndef DETR4J_CUDA_H
#define DETR4J_CUDA_H

#include <stdint.h>

#if defined(_WIN32)
#define DETR4J_CUDA_API __declspec(dllexport)
#else
#define DETR4J_CUDA_API __attribute__((visibility("default")))
#endif

#if defined(__cplusplus)
extern "C" {
#endif

#define DETR4J_CUDA_ABI_VERSION 1

#define DETR4J_CUDA_OK 0
#define DETR4J_CUDA_ERROR_ARGUMENT (-1) /* a parameter is outside its range */
#define DETR4J_CUDA_ERROR_DEVICE (-2)   /* no device, no driver, or one that this library cannot use */
#define DETR4J_CUDA_ERROR_MEMORY (-3)   /* the device has less free memory than asked for */
#define DETR4J_CUDA_ERROR_RUNTIME (-4)  /* the CUDA runtime refused a call, or a kernel failed */

/* ---- library ---------------------------------------------------------------------------------------------------- */

DETR4J_CUDA_API uint32_t detr4j_cuda_abi_version(void);

/* Where the compiler put one field of a parameter struct, as in detr4j.h. */
typedef struct detr4j_cuda_abi_field {
  const char *name;
  int32_t offset;
  int32_t size;
} detr4j_cuda_abi_field;

/* Every struct of this header that is not opaque, each followed by its fields, in the header's order. */
DETR4J_CUDA_API const detr4j_cuda_abi_field *detr4j_cuda_abi_fields(void);
DETR4J_CUDA_API int32_t detr4j_cuda_abi_field_count(void);
/* FNV-1a, 64 bits, over that table: of each entry the name with its ending zero, then offset and size, low byte first. */
DETR4J_CUDA_API uint64_t detr4j_cuda_abi_hash(void);

/* Which kernels these are: the first 16 hexadecimal digits of the SHA-256 over their sources. */
DETR4J_CUDA_API const char *detr4j_cuda_kernels(void);

/* 1 when this library emulates a device on the CPU, else 0. */
DETR4J_CUDA_API int32_t detr4j_cuda_emulated(void);
/* Chooses the order in which the emulation runs threads and copies, for launches from here on. DETR4J_CUDA_ERROR_ARGUMENT on a device. */
DETR4J_CUDA_API int32_t detr4j_cuda_emulation_seed(uint64_t seed);

/* ---- devices ----------------------------------------------------------------------------------------------------- */

typedef struct detr4j_cuda_device detr4j_cuda_device;
typedef struct detr4j_cuda_queue detr4j_cuda_queue;
typedef struct detr4j_cuda_program detr4j_cuda_program;

/* How many devices the driver shows. With an error, `text` gets one sentence of at most `capacity` bytes with the ending zero. */
DETR4J_CUDA_API int32_t detr4j_cuda_device_count(int32_t *count, char *text, int64_t capacity);
/* Opens the device with this number. `most_architecture` is 0, or a compute capability (80 for 8.0) no greater than the device's, whose limits
 * then hold instead; which machine code runs, the driver chooses alone. The sentence of an error goes to `text`, as above. */
DETR4J_CUDA_API int32_t detr4j_cuda_open(int32_t number, int32_t most_architecture, detr4j_cuda_device **device, char *text, int64_t capacity);
/* All queues, programs and memory of it are closed before. */
DETR4J_CUDA_API void detr4j_cuda_close(detr4j_cuda_device *device);
/* As the driver calls it. */
DETR4J_CUDA_API const char *detr4j_cuda_device_name(const detr4j_cuda_device *device);
/* Compute capability, lowered if that was asked for: 90 for 9.0. */
DETR4J_CUDA_API int32_t detr4j_cuda_device_architecture(const detr4j_cuda_device *device);
/* The most that detr4j_cuda_top_k_f32 selects there, and the longest list of detr4j_cuda_nms_f32 and detr4j_cuda_soft_nms_f32. */
DETR4J_CUDA_API int32_t detr4j_cuda_device_top_k_most(const detr4j_cuda_device *device);
DETR4J_CUDA_API int32_t detr4j_cuda_device_nms_most(const detr4j_cuda_device *device);
DETR4J_CUDA_API int32_t detr4j_cuda_device_memory(const detr4j_cuda_device *device, int64_t *free_bytes, int64_t *total_bytes);

/* Device memory, aligned to 256 bytes (the emulation's may be less aligned, for tests). The sentence of an error as above. */
DETR4J_CUDA_API int32_t detr4j_cuda_allocate(detr4j_cuda_device *device, int64_t bytes, void **memory, char *text, int64_t capacity);
DETR4J_CUDA_API int32_t detr4j_cuda_free(detr4j_cuda_device *device, void *memory);
/* Memory of the host that the device can copy from and to without a detour. */
DETR4J_CUDA_API int32_t detr4j_cuda_allocate_staging(detr4j_cuda_device *device, int64_t bytes, void **memory, char *text, int64_t capacity);
DETR4J_CUDA_API int32_t detr4j_cuda_free_staging(detr4j_cuda_device *device, void *memory);

/* ---- queues ------------------------------------------------------------------------------------------------------ */

DETR4J_CUDA_API int32_t detr4j_cuda_queue_open(detr4j_cuda_device *device, detr4j_cuda_queue **queue, char *text, int64_t capacity);
/* Waits for what is on it. */
DETR4J_CUDA_API void detr4j_cuda_queue_close(detr4j_cuda_queue *queue);
/* One sentence about the last error; empty before the first. Valid until the next call with this queue. */
DETR4J_CUDA_API const char *detr4j_cuda_queue_error(const detr4j_cuda_queue *queue);

/* The bytes of `from` are read, and those of `to` written, at any time until detr4j_cuda_wait has returned. */
DETR4J_CUDA_API int32_t detr4j_cuda_upload(detr4j_cuda_queue *queue, void *to, const void *from, int64_t bytes);
DETR4J_CUDA_API int32_t detr4j_cuda_download(detr4j_cuda_queue *queue, void *to, const void *from, int64_t bytes);
DETR4J_CUDA_API int32_t detr4j_cuda_fill(detr4j_cuda_queue *queue, void *to, int32_t byte, int64_t bytes);
/* Until everything that was put on the queue is done. */
DETR4J_CUDA_API int32_t detr4j_cuda_wait(detr4j_cuda_queue *queue);

DETR4J_CUDA_API int32_t detr4j_cuda_record(detr4j_cuda_queue *queue);
/* Ends the recording, also after an error in it, which it then returns. */
DETR4J_CUDA_API int32_t detr4j_cuda_recorded(detr4j_cuda_queue *queue, detr4j_cuda_program **program);
DETR4J_CUDA_API int32_t detr4j_cuda_replay(detr4j_cuda_queue *queue, const detr4j_cuda_program *program);
/* No queue runs it any more. */
DETR4J_CUDA_API void detr4j_cuda_program_close(detr4j_cuda_program *program);
/* Kernels that have been put on this queue since it was opened, recorded ones once. */
DETR4J_CUDA_API int64_t detr4j_cuda_queue_launches(const detr4j_cuda_queue *queue);

/* ---- convolution and linear layers ------------------------------------------------------------------------------- */

/* Element types of a map in memory. */
#define DETR4J_CUDA_TYPE_F32 0
#define DETR4J_CUDA_TYPE_BF16 1

#define DETR4J_CUDA_ACTIVATION_NONE 0
#define DETR4J_CUDA_ACTIVATION_RELU 1
#define DETR4J_CUDA_ACTIVATION_GELU 2
#define DETR4J_CUDA_ACTIVATION_SILU 3

#define DETR4J_CUDA_ROW_MASK_NONE 0
#define DETR4J_CUDA_ROW_MASK_ZERO_INPUT 1
#define DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT 2

/*
 * out = activation(conv(x) + bias + residual), zero padding; a linear layer is in_h = rows, in_w = 1 and a 1x1 kernel.
 *
 * weight: [groups][kernel_h][kernel_w][in_c / groups][columns], columns = out_c / groups rounded up to a multiple of 4, the rest zeros;
 * it begins on 16 bytes. bias: [groups][columns], the same way, or NULL. residual: laid out like out, or NULL.
 * row_mask: one byte an output row, [batch][out_h * out_w], or NULL.
 */
typedef struct detr4j_cuda_conv2d {
  int32_t batch;
  int32_t in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride, padding, dilation, groups;
  int32_t activation;
  int32_t row_mask_mode;
  int32_t x_type, out_type; /* DETR4J_CUDA_TYPE_... */
  int32_t reserved;
  const void *x, *weight;
  const float *bias, *residual;
  const uint8_t *row_mask;
  void *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t residual_row_stride, residual_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_conv2d;

#define DETR4J_CUDA_PRODUCTS_MOST 4

/* `count` products in one launch, of which none reads or writes what another one writes. */
DETR4J_CUDA_API int32_t detr4j_cuda_conv2d_f32(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, int32_t count);
/*
 * The same with products of rounded numbers, of bf16 or of tf32, and fp32 sums. Types are fp32 in the function above; x and out
 * may be bf16 in detr4j_cuda_conv2d_bf16, which rounds an x of fp32 when it reads it.
 *
 * weight: [groups][out_c / groups][depth], rounded, depth = kernel_h * kernel_w * (in_c / groups) in this order, with zeros up to the
 * next 16 bytes; bf16 or fp32 numbers. It begins on 16 bytes.
 */
DETR4J_CUDA_API int32_t detr4j_cuda_conv2d_bf16(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, int32_t count);
DETR4J_CUDA_API int32_t detr4j_cuda_conv2d_tf32(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, int32_t count);
/* groups = in_c = out_c. weight: [kernel_h][kernel_w][channels]; bias: [channels] or NULL. */
DETR4J_CUDA_API int32_t detr4j_cuda_depthwise_conv2d_f32(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p);

typedef struct detr4j_cuda_max_pool {
  int32_t batch;
  int32_t in_h, in_w, channels;
  int32_t out_h, out_w;
  int32_t kernel, stride, padding;
  int32_t x_type, out_type; /* of the mean fp32 alone */
  int32_t reserved;
  const void *x;
  void *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_max_pool;

DETR4J_CUDA_API int32_t detr4j_cuda_max_pool_f32(detr4j_cuda_queue *queue, const detr4j_cuda_max_pool *p);
/*
 * The mean of the pixels under a window, with the parameters of the maximum; padding is 0. A window that leaves the map at
 * the bottom or right counts those that it has; it begins on the map.
 */
DETR4J_CUDA_API int32_t detr4j_cuda_average_pool_f32(detr4j_cuda_queue *queue, const detr4j_cuda_max_pool *p);

/* Every pixel factor x factor times: [in_h][in_w] to [factor in_h][factor in_w]. */
typedef struct detr4j_cuda_upsample {
  int32_t batch;
  int32_t in_h, in_w, channels;
  int32_t factor;
  int32_t reserved;
  const float *x;
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_upsample;

DETR4J_CUDA_API int32_t detr4j_cuda_upsample_f32(detr4j_cuda_queue *queue, const detr4j_cuda_upsample *p);

/* ---- normalisation and sums -------------------------------------------------------------------------------------- */

/* y = LN(x (+ residual)); y_plus = y + addend when addend is not NULL. */
typedef struct detr4j_cuda_layer_norm {
  int32_t batch;
  int32_t channels;
  int64_t rows;
  float epsilon;
  int32_t reserved;
  const float *x, *residual, *addend, *weight, *bias;
  float *y, *y_plus;
  int64_t x_row_stride, x_batch_stride;
  int64_t residual_row_stride, residual_batch_stride;
  int64_t addend_row_stride, addend_batch_stride;
  int64_t y_row_stride, y_batch_stride;
  int64_t y_plus_row_stride, y_plus_batch_stride;
} detr4j_cuda_layer_norm;

DETR4J_CUDA_API int32_t detr4j_cuda_layer_norm_f32(detr4j_cuda_queue *queue, const detr4j_cuda_layer_norm *p);

/* The most channels of a linear layer that is normalised in its own launch. */
#define DETR4J_CUDA_LINEAR_NORM_MOST 256

/*
 * A linear layer and the layer normalisation of its output, in one launch: x of the norm is not read, it is what p computes. out
 * of p is written unless it is NULL. y and y_plus are apart from x of p and from out; each residual and the addend is apart from
 * them as well, or the very same rows. p has no activation, no row mask and an fp32 output.
 */
DETR4J_CUDA_API int32_t detr4j_cuda_linear_norm_f32(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, const detr4j_cuda_layer_norm *norm);
DETR4J_CUDA_API int32_t detr4j_cuda_linear_norm_bf16(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, const detr4j_cuda_layer_norm *norm);
DETR4J_CUDA_API int32_t detr4j_cuda_linear_norm_tf32(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, const detr4j_cuda_layer_norm *norm);

/* workspace: detr4j_cuda_row_norm_workspace bytes of device memory, on 8 bytes. */
typedef struct detr4j_cuda_row_norm {
  int32_t batch;
  int32_t channels, groups; /* groups: of group norm, else 0 */
  float epsilon;
  int64_t rows;
  const float *x, *weight, *bias;
  float *y;
  void *workspace;
  int64_t x_row_stride, x_batch_stride;
  int64_t y_row_stride, y_batch_stride;
} detr4j_cuda_row_norm;

DETR4J_CUDA_API int64_t detr4j_cuda_row_norm_workspace(const detr4j_cuda_row_norm *p);

#define DETR4J_CUDA_GROUP_NORMS_MOST 4

/* `count` norms that do not wait for each other, with as many items and groups each, share their launches. */
DETR4J_CUDA_API int32_t detr4j_cuda_group_norm_f32(detr4j_cuda_queue *queue, const detr4j_cuda_row_norm *p, int32_t count);
/* As detr4j_global_response_norm_f32 of detr4j.h. */
DETR4J_CUDA_API int32_t detr4j_cuda_global_response_norm_f32(detr4j_cuda_queue *queue, const detr4j_cuda_row_norm *p);

/* out = a + b. */
typedef struct detr4j_cuda_add {
  int32_t batch;
  int32_t columns;
  int64_t rows;
  const float *a, *b;
  float *out;
  int64_t a_row_stride, a_batch_stride;
  int64_t b_row_stride, b_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_add;

DETR4J_CUDA_API int32_t detr4j_cuda_add_f32(detr4j_cuda_queue *queue, const detr4j_cuda_add *p);
/* out = a * b, with the parameters of the sum. */
DETR4J_CUDA_API int32_t detr4j_cuda_multiply_f32(detr4j_cuda_queue *queue, const detr4j_cuda_add *p);
/* out = sigmoid(a1) b1 + sigmoid(a2) b2 with the parameters of the sum: a and b have 2 * columns columns, those of the first summand first. */
DETR4J_CUDA_API int32_t detr4j_cuda_gate_f32(detr4j_cuda_queue *queue, const detr4j_cuda_add *p);

/* The largest value of each row, NaN before all: [rows][columns] to [rows][1]. */
typedef struct detr4j_cuda_row_max {
  int32_t batch;
  int32_t columns;
  int64_t rows;
  const float *x;
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_row_max;

DETR4J_CUDA_API int32_t detr4j_cuda_row_max_f32(detr4j_cuda_queue *queue, const detr4j_cuda_row_max *p);

/* out = min(max(x, least), most); NaN stays NaN. */
typedef struct detr4j_cuda_clamp {
  int32_t batch;
  int32_t columns;
  int64_t rows;
  float least, most;
  const float *x;
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_clamp;

DETR4J_CUDA_API int32_t detr4j_cuda_clamp_f32(detr4j_cuda_queue *queue, const detr4j_cuda_clamp *p);

/* ---- attention --------------------------------------------------------------------------------------------------- */

/*
 * out = softmax(q k^T scale) v for each head. key_mask: [batch][keys], 0 = leave out, or NULL. head_dim is at most 256. q, k, v and out
 * are fp32 or bf16; sums, softmax and products are fp32.
 */
typedef struct detr4j_cuda_attention {
  int32_t batch;
  int32_t queries, keys;
  int32_t heads, head_dim;
  float scale;
  int32_t q_type, k_type, v_type, out_type;
  const void *q, *k, *v;
  const uint8_t *key_mask;
  void *out;
  int64_t q_row_stride, q_batch_stride;
  int64_t k_row_stride, k_batch_stride;
  int64_t v_row_stride, v_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_attention;

DETR4J_CUDA_API int32_t detr4j_cuda_attention_f32(detr4j_cuda_queue *queue, const detr4j_cuda_attention *p);

/*
 * Multi-scale deformable attention; shapes as in the Java record MsDeformAttention. levels: [levels_count][3] = height, width, first
 * token, in device memory. shared_value: 1 where all heads sample the same head_dim channels; each then writes head_dim + 1 columns, the
 * last of which is the sum of the weights of the corners on a map.
 */
typedef struct detr4j_cuda_ms_deform_attention {
  int32_t batch;
  int32_t queries, tokens;
  int32_t heads, head_dim;
  int32_t levels_count, points;
  int32_t reference_columns; /* 2 or 4 */
  int32_t shared_value;
  int32_t reserved;
  const int32_t *levels;
  const float *value, *offsets, *logits, *reference, *valid_ratios;
  float *out;
  int64_t value_row_stride, value_batch_stride;
  int64_t offsets_row_stride, offsets_batch_stride;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_ms_deform_attention; /* valid_ratios: [batch][levels_count][2], contiguous */

DETR4J_CUDA_API int32_t detr4j_cuda_ms_deform_attention_f32(detr4j_cuda_queue *queue, const detr4j_cuda_ms_deform_attention *p);

/* Deformable attention whose samples are values of single cells; shapes and the choice of the cell as in the Java record CellAttention.
 * levels: [levels_count][3] = height, width, first token, in device memory. */
typedef struct detr4j_cuda_cell_attention {
  int32_t batch;
  int32_t queries, tokens;
  int32_t heads, head_dim;
  int32_t levels_count, points;
  int32_t reserved;
  const int32_t *levels;
  const float *value, *offsets, *logits, *reference;
  float *out;
  int64_t value_row_stride, value_batch_stride;
  int64_t offsets_row_stride, offsets_batch_stride;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_cell_attention;

DETR4J_CUDA_API int32_t detr4j_cuda_cell_attention_f32(detr4j_cuda_queue *queue, const detr4j_cuda_cell_attention *p);

/* ---- positions and boxes ----------------------------------------------------------------------------------------- */

/* valid: [batch][2] = valid height and width in cells. divisors: [features]. addend: [2 features] or NULL.
 * A code is NaN where its argument is 2^30 or more, which no map and no box in 0..1 gives. */
typedef struct detr4j_cuda_sine_position {
  int32_t batch;
  int32_t height, width;
  int32_t features;
  float offset;
  int32_t reserved;
  const int32_t *valid;
  const float *divisors;
  const float *addend;
  float *out;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_sine_position;

DETR4J_CUDA_API int32_t detr4j_cuda_sine_position_f32(detr4j_cuda_queue *queue, const detr4j_cuda_sine_position *p);

/* boxes [batch][queries][4] to [batch][queries][4 features]. */
typedef struct detr4j_cuda_proposal_embedding {
  int32_t batch;
  int32_t queries;
  int32_t features;
  int32_t reserved;
  const float *divisors;
  const float *boxes;
  float *out;
  int64_t boxes_row_stride, boxes_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_proposal_embedding;

DETR4J_CUDA_API int32_t detr4j_cuda_proposal_embedding_f32(detr4j_cuda_queue *queue, const detr4j_cuda_proposal_embedding *p);

#define DETR4J_CUDA_REFERENCE_NONE 0
#define DETR4J_CUDA_REFERENCE_POINT 1
#define DETR4J_CUDA_REFERENCE_BOX 2
#define DETR4J_CUDA_REFERENCE_LOGITS 3
#define DETR4J_CUDA_REFERENCE_RELATIVE 4

/* out = sigmoid(delta + start(reference)). */
typedef struct detr4j_cuda_box_refinement {
  int32_t batch;
  int32_t queries;
  int32_t columns;
  int32_t reference_kind;
  float epsilon;
  int32_t reserved;
  const float *delta, *reference;
  float *out;
  int64_t delta_row_stride, delta_batch_stride;
  int64_t reference_row_stride, reference_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_box_refinement;

DETR4J_CUDA_API int32_t detr4j_cuda_box_refinement_f32(detr4j_cuda_queue *queue, const detr4j_cuda_box_refinement *p);
/* A linear layer of up to four outputs and the refinement of them, in one kernel; `delta` of the refinement is not read. p->out may be NULL where
 * nobody else reads the product. */
DETR4J_CUDA_API int32_t detr4j_cuda_box_head_f32(detr4j_cuda_queue *queue, const detr4j_cuda_conv2d *p, const detr4j_cuda_box_refinement *refinement);

/*
 * Softmax over the bins of several groups of logits, [groups][bins] a query; shapes and formulas as in the Java records
 * DistanceBoxes (groups = 4; boxes, worth [bins] and scale [1] are read, k is not) and TopProbabilities (of the inputs only the
 * logits are read).
 */
typedef struct detr4j_cuda_distribution {
  int32_t batch;
  int32_t queries;
  int32_t groups, bins, k;
  int32_t reserved;
  const float *logits, *boxes, *worth, *scale;
  float *out;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t boxes_row_stride, boxes_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_distribution;

DETR4J_CUDA_API int32_t detr4j_cuda_distance_boxes_f32(detr4j_cuda_queue *queue, const detr4j_cuda_distribution *p);
DETR4J_CUDA_API int32_t detr4j_cuda_top_probabilities_f32(detr4j_cuda_queue *queue, const detr4j_cuda_distribution *p);

/* ---- selection --------------------------------------------------------------------------------------------------- */

/* The same on the devices with the most shared memory; others have less, see detr4j_cuda_device_top_k_most. */
#define DETR4J_CUDA_TOP_K_MOST 16384
#define DETR4J_CUDA_NMS_MOST 7000

/* The k largest of [rows][columns], falling; ties by lower index, NaN largest. */
typedef struct detr4j_cuda_top_k {
  int32_t batch;
  int32_t columns;
  int64_t rows;
  int32_t k;
  int32_t reserved;
  const float *x;
  float *values;    /* [batch][k] */
  int32_t *indices; /* [batch][k] */
  int64_t x_row_stride, x_batch_stride;
} detr4j_cuda_top_k;

DETR4J_CUDA_API int32_t detr4j_cuda_top_k_f32(detr4j_cuda_queue *queue, const detr4j_cuda_top_k *p);

/* out[n][i] = x[n][indices[n][i]]; a row whose index is outside is NaN. */
typedef struct detr4j_cuda_gather {
  int32_t batch;
  int32_t columns;
  int64_t rows; /* of x */
  int32_t k;
  int32_t reserved;
  const float *x;
  const int32_t *indices; /* [batch][k] */
  float *out;
  int64_t x_row_stride, x_batch_stride;
  int64_t out_row_stride, out_batch_stride;
} detr4j_cuda_gather;

DETR4J_CUDA_API int32_t detr4j_cuda_gather_f32(detr4j_cuda_queue *queue, const detr4j_cuda_gather *p);

#define DETR4J_CUDA_EDGES_KEPT 0
#define DETR4J_CUDA_EDGES_CLIPPED 1
#define DETR4J_CUDA_EDGES_CLIPPED_AND_EMPTY_DROPPED 2

/*
 * The detections of each image, as the Java records SelectRanked and SelectBestClasses have them. All but logits and boxes is
 * contiguous: extents [batch][2] = width, height; corners [batch][k][4]; scores, labels, owners (object queries) [batch][k];
 * finite [batch]. first_label and edges are of the ranked kind, only_classes of the other, whose k is `queries`.
 */
typedef struct detr4j_cuda_selection {
  int32_t batch;
  int32_t queries, classes;
  int32_t k;
  int32_t first_label, edges;
  int32_t only_classes;
  int32_t reserved;
  const float *logits, *boxes, *extents;
  float *corners, *scores;
  int32_t *labels, *owners, *finite;
  int64_t logits_row_stride, logits_batch_stride;
  int64_t boxes_row_stride, boxes_batch_stride;
} detr4j_cuda_selection;

DETR4J_CUDA_API int32_t detr4j_cuda_select_ranked_f32(detr4j_cuda_queue *queue, const detr4j_cuda_selection *p);
DETR4J_CUDA_API int32_t detr4j_cuda_select_best_classes_f32(detr4j_cuda_queue *queue, const detr4j_cuda_selection *p);

#define DETR4J_CUDA_DECAY_GAUSSIAN 0
#define DETR4J_CUDA_DECAY_LINEAR 1
#define DETR4J_CUDA_DECAY_HARD 2

/* boxes [count][4], scores [count], labels [count]. kept_scores (soft only), kept: [count]; kept_count: one value. */
typedef struct detr4j_cuda_nms {
  int32_t count;
  int32_t decay;
  float sigma, iou_threshold, score_threshold;
  int32_t reserved;
  const float *boxes, *scores;
  const int32_t *labels;
  float *kept_scores;
  int32_t *kept;
  int32_t *kept_count;
} detr4j_cuda_nms;

DETR4J_CUDA_API int32_t detr4j_cuda_soft_nms_f32(detr4j_cuda_queue *queue, const detr4j_cuda_nms *p);
DETR4J_CUDA_API int32_t detr4j_cuda_nms_f32(detr4j_cuda_queue *queue, const detr4j_cuda_nms *p);

/* ---- image ------------------------------------------------------------------------------------------------------- */

#define DETR4J_CUDA_RESIZE_ROUND_EACH_PASS 0
#define DETR4J_CUDA_RESIZE_OPENCV_LINEAR 1
#define DETR4J_CUDA_RESIZE_LINEAR_F32 2

/*
 * Separable resize of bytes and lookup[256 * channel + byte]; order, tables and arithmetic as detr4j_resize of
 * detr4j.h has them. Tables, lookup and pixels are in device memory. workspace: detr4j_cuda_resize_workspace bytes, on 4 bytes.
 */
typedef struct detr4j_cuda_resize {
  int32_t source_h, source_w;
  int32_t height, width;
  int32_t padded_h, padded_w;
  int32_t taps_x, taps_y;
  int32_t precision_x, precision_y;
  int32_t arithmetic;
  int32_t reserved;
  const uint8_t *pixels;
  const int32_t *start_x, *count_x, *weight_x;
  const int32_t *start_y, *count_y, *weight_y;
  const float *lookup;
  void *workspace;
  float *out;
  int64_t pixels_row_stride; /* bytes between image rows */
} detr4j_cuda_resize; /* out: [padded_h][padded_w][3], contiguous */

DETR4J_CUDA_API int64_t detr4j_cuda_resize_workspace(const detr4j_cuda_resize *p);
DETR4J_CUDA_API int32_t detr4j_cuda_resize_u8(detr4j_cuda_queue *queue, const detr4j_cuda_resize *p);

#if defined(__cplusplus)
}
#endif

#endif /* DETR4J_CUDA_H */
