// Convolution as implicit GEMM on tensor cores, with products of bf16 or of tf32 and fp32 sums: C[pixels][out] = A[pixels][window]
// B[out][window]. A linear layer is the 1x1 case. conv2d.cu has the same in fp32 multiply-adds.
//
//              <------ COLUMNS ------>
//        ^    +-----------------------+   A block computes ROWS x COLUMNS outputs; a warp 16 MT rows by 32 columns of them, as
//       ROWS  |  warps of 16 MT x 32  |   MT x 4 tiles of tensor cores.
//        v    +-----------------------+
//
//   shared memory   STAGES x ( A: [ROWS] + B: [COLUMNS] ) rows of 64 bytes, 4 pieces of 16 bytes: 32 depths in bf16, 16 in tf32
//
//   per step   wait for the oldest stage, barrier
//              begin the copies that fill the stage read in the step before
//              fragments by ldmatrix, products
//
// Pieces of a row are permuted, so that the 8 rows of a matrix of ldmatrix are in different banks. B is always copied
// asynchronously. A is where it lies in the type of the products and on 16 bytes (COPIED). Otherwise a thread reads its pieces
// into registers before the products and stores them behind, rounded: eight fp32 numbers at once (ROUNDED), or one by one,
// from any address and type (GATHERED).
#include "../tensor_cores.h"
#include "numbers.h"
#include "row_norm.h"

namespace {

constexpr int STAGES = 3, PIECES = 4, NT = 4, WARP_COLUMNS = 8 * NT;

enum Source { COPIED, ROUNDED, GATHERED };

// What is multiplied: elements of a 16-byte piece, and the depth of one product.
template <bool BF16>
struct Products;
template <>
struct Products<true> {
  typedef bf16_t Element;
  static constexpr int PIECE = 8, K = 16;
};
template <>
struct Products<false> {
  typedef float Element;
  static constexpr int PIECE = 4, K = 8;
};

template <int ROWS, int COLUMNS>
struct alignas(128) Stages {
  uint4 a[STAGES][ROWS][PIECES];
  uint4 b[STAGES][COLUMNS][PIECES];
};

// Where a piece of a row is: two rows share 128 bytes, so four pairs of rows differ.
DETR4J_DEVICE int place_of(int row, int piece) { return piece ^ (row >> 1 & 3); }

// Whether two neighbouring columns of out are one access.
DETR4J_DEVICE bool stores_pairs(const detr4j_cuda_conv2d& p) {
  const int alignment = p.out_type == DETR4J_CUDA_TYPE_BF16 ? 4 : 8;
  return ((p.out_c / p.groups) | (int)p.out_row_stride | (int)p.out_batch_stride) % 2 == 0 && (uintptr_t)p.out % alignment == 0;
}

// How a block is made of warps: DOWN x ACROSS of them, each 16 MT rows by 32 columns.
template <int MT_, int DOWN_, int ACROSS_>
struct Shape {
  static constexpr int MT = MT_, ACROSS = ACROSS_, WARP_ROWS = 16 * MT, ROWS = DOWN_ * WARP_ROWS, COLUMNS = ACROSS * WARP_COLUMNS;
  static constexpr int THREADS = DOWN_ * ACROSS * WARP_LANES;
};
typedef Shape<4, 2, 4> Large;
typedef Shape<2, 2, 2> Small;
typedef Shape<4, 1, 8> Whole;  // rows, for a norm
static_assert(Whole::ROWS == NORM_ROWS && Whole::COLUMNS == NORM_COLUMNS, "a block of a norm");

// Stages, and room for a norm behind the products.
struct NormShared {
  Stages<NORM_ROWS, NORM_COLUMNS> stages;
  RowParts<NORM_ROWS, Whole::ACROSS> parts;
};

// One block of a product. With NORM, a block has whole rows and normalises them.
template <bool BF16, Source SOURCE, class Warps, bool NORM>
DETR4J_DEVICE void compute_block(const detr4j_cuda_conv2d& p, int block, const detr4j_cuda_layer_norm& norm) {
  typedef typename Products<BF16>::Element Element;
  constexpr int PIECE = Products<BF16>::PIECE, K = Products<BF16>::K, DEPTH = PIECES * PIECE;
  constexpr int MT = Warps::MT, WARP_ROWS = Warps::WARP_ROWS, ROWS = Warps::ROWS, COLUMNS = Warps::COLUMNS, WARPS_ACROSS = Warps::ACROSS;
  constexpr int ROWS_AT_ONCE = Warps::THREADS / PIECES, A_COPIES = ROWS / ROWS_AT_ONCE, B_COPIES = COLUMNS / ROWS_AT_ONCE;
  Stages<ROWS, COLUMNS>& s = shared_memory<Stages<ROWS, COLUMNS>>();

  const int thread = (int)threadIdx.x, lane = thread % WARP_LANES, warp = thread / WARP_LANES;
  const int pixels = p.out_h * p.out_w;
  const int64_t rows = (int64_t)p.batch * pixels;
  const int channels = p.in_c / p.groups, group_out = p.out_c / p.groups;
  const int depth = p.kernel_h * p.kernel_w * channels, packed_depth = (depth + PIECE - 1) / PIECE * PIECE;
  const int row_blocks = (int)((rows + ROWS - 1) / ROWS), column_blocks = (group_out + COLUMNS - 1) / COLUMNS;
  const int group = block / row_blocks / column_blocks;
  const int64_t first_row = (int64_t)(block % row_blocks) * ROWS;
  const int first_column = block / row_blocks % column_blocks * COLUMNS;

  // The piece of rows that this thread copies, ROWS_AT_ONCE apart, of A and of B. Of A, where each window's corner is, or would be.
  const int piece = thread % PIECES, own_row = thread / PIECES;
  int corner[A_COPIES], top[A_COPIES], left[A_COPIES];
#pragma unroll
  for (int i = 0; i < A_COPIES; i++) {
    const int64_t row = first_row + own_row + i * ROWS_AT_ONCE;
    const int n = (int)(row / pixels), pixel = (int)(row % pixels);
    const bool there = row < rows && !(p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_INPUT && p.row_mask[row] == 0);
    top[i] = there ? pixel / p.out_w * p.stride - p.padding : NOWHERE;
    left[i] = pixel % p.out_w * p.stride - p.padding;
    // Nothing is read at the corner of a row that is nowhere; 0, so that no sum with it overflows.
    corner[i] = there ? (int)(n * p.x_batch_stride + ((int64_t)top[i] * p.in_w + left[i]) * p.x_row_stride + group * channels) : 0;
  }
  const Element* weights = static_cast<const Element*>(p.weight);
  const Element* weight = weights + ((int64_t)group * group_out + first_column + own_row) * packed_depth + piece * PIECE;
  Tap tap = tap_at(piece * PIECE, channels, p.kernel_w);
  int at = piece * PIECE;  // depth of this thread's piece of the next stage
  uint4 held[SOURCE == COPIED ? 1 : A_COPIES] = {};

  auto inside = [&](const Tap& t, int i, int& from) {
    const int h = top[i] + t.row * p.dilation, w = left[i] + t.column * p.dilation;
    from = corner[i] + (t.row * p.dilation * p.in_w + t.column * p.dilation) * (int)p.x_row_stride + t.channel;
    return (unsigned)h < (unsigned)p.in_h && (unsigned)w < (unsigned)p.in_w;
  };
  // Begins the copies of a stage; what does not go by itself is held afterwards.
  auto begin_stage = [&](int stage) {
#pragma unroll
    for (int i = 0; i < B_COPIES; i++) {
      const int row = own_row + i * ROWS_AT_ONCE;
      const bool present = at < packed_depth && first_column + row < group_out;
      cp_async<16>(&s.b[stage][row][place_of(row, piece)], present ? weight + (int64_t)i * ROWS_AT_ONCE * packed_depth : weights, present);
    }
#pragma unroll
    for (int i = 0; i < A_COPIES; i++) {
      const int row = own_row + i * ROWS_AT_ONCE;
      if constexpr (SOURCE == COPIED) {
        int from;
        const bool on = inside(tap, i, from) && at < depth;
        cp_async<16>(&s.a[stage][row][place_of(row, piece)], on ? static_cast<const Element*>(p.x) + from : weights, on);
      } else if constexpr (SOURCE == ROUNDED) {
        int from;
        const bool on = inside(tap, i, from) && at < depth;
        const float4* x = reinterpret_cast<const float4*>(static_cast<const float*>(p.x) + (on ? from : 0));
        const float4 near = on ? load4(x) : make_float4(0.0f, 0.0f, 0.0f, 0.0f), far = on ? load4(x + 1) : near;
        held[i] = make_uint4(pack_bf16(near.x, near.y), pack_bf16(near.z, near.w), pack_bf16(far.x, far.y), pack_bf16(far.z, far.w));
      } else {
        Tap t = tap;
        float v[PIECE];
#pragma unroll
        for (int e = 0; e < PIECE; e++) {
          int from;
          v[e] = inside(t, i, from) && at + e < depth ? number_at(p.x, p.x_type, from) : 0.0f;
          advance(t, 1, channels, p.kernel_w);
        }
        if constexpr (BF16) {
          held[i] = make_uint4(pack_bf16(v[0], v[1]), pack_bf16(v[2], v[3]), pack_bf16(v[4 % PIECE], v[5 % PIECE]), pack_bf16(v[6 % PIECE], v[7 % PIECE]));
        } else {
          held[i] = make_uint4(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3]));
        }
      }
    }
    weight += DEPTH;
    at += DEPTH;
    advance(tap, DEPTH, channels, p.kernel_w);
  };
  auto store_held = [&](int stage) {
    if constexpr (SOURCE != COPIED) {
#pragma unroll
      for (int i = 0; i < A_COPIES; i++) {
        const int row = own_row + i * ROWS_AT_ONCE;
        store4(&s.a[stage][row][place_of(row, piece)], held[i]);
      }
    }
  };

  float sum[MT][NT][4];
#pragma unroll
  for (int i = 0; i < MT; i++) {
#pragma unroll
    for (int j = 0; j < NT; j++) {
#pragma unroll
      for (int q = 0; q < 4; q++) sum[i][j][q] = 0.0f;
    }
  }
  const int steps = (depth + DEPTH - 1) / DEPTH;
#pragma unroll
  for (int i = 0; i < STAGES - 1; i++) {
    if (i < steps) {
      begin_stage(i);
      store_held(i);
    }
    cp_async_commit();
  }
  const int row_in_block = warp / WARPS_ACROSS * WARP_ROWS, column_in_block = warp % WARPS_ACROSS * WARP_COLUMNS;
  for (int step = 0, stage = 0; step < steps; step++, stage = stage + 1 == STAGES ? 0 : stage + 1) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();
    const int next = stage == 0 ? STAGES - 1 : stage - 1;
    const bool more = step + STAGES - 1 < steps;
    if (more) begin_stage(next);
    cp_async_commit();
#pragma unroll
    for (int k = 0; k < DEPTH / K; k++) {
      unsigned a[MT][4], d[NT / 2][4], b[NT][2];
      const void *a_row[MT], *b_row[NT / 2];
#pragma unroll
      for (int i = 0; i < MT; i++) {
        const int row = row_in_block + 16 * i + lane % 16;
        a_row[i] = &s.a[stage][row][place_of(row, 2 * k + lane / 16)];
      }
#pragma unroll
      for (int j = 0; j < NT / 2; j++) {
        const int row = column_in_block + 16 * j + lane % 8 + lane / 16 * 8;
        b_row[j] = &s.b[stage][row][place_of(row, 2 * k + lane / 8 % 2)];
      }
      ldmatrix_x4<MT>(a, a_row);
      ldmatrix_x4<NT / 2>(d, b_row);
#pragma unroll
      for (int j = 0; j < NT; j++) b[j][0] = d[j / 2][j % 2 * 2], b[j][1] = d[j / 2][j % 2 * 2 + 1];
      if constexpr (BF16) {
        mma_bf16<MT, NT>(sum, a, b);
      } else {
#pragma unroll
        for (int i = 0; i < MT; i++) {
#pragma unroll
          for (int q = 0; q < 4; q++) a[i][q] = float_to_tf32(__uint_as_float(a[i][q]));
        }
        mma_tf32<MT, NT>(sum, a, b);
      }
    }
    if (more) store_held(next);
  }

  if constexpr (NORM) {
    // Rows 16 i and 16 i + 8 of the lane's tiles, and two neighbouring columns of each.
    constexpr int R = 2 * MT, C = 2 * NT;
    auto row_of = [&](int r) { return row_in_block + 16 * (r / 2) + lane / 4 + 8 * (r % 2); };
    auto column_of = [&](int c) { return column_in_block + 8 * (c / 2) + 2 * (lane % 4) + c % 2; };
    float v[R][C];
#pragma unroll
    for (int r = 0; r < R; r++) {
      const int64_t row = first_row + row_of(r);
#pragma unroll
      for (int c = 0; c < C; c++) {
        const bool there = row < rows && column_of(c) < group_out;
        v[r][c] = there ? before_norm(p, norm, row / pixels, row % pixels, column_of(c), sum[r / 2][c / 2][r % 2 * 2 + c % 2]) : 0.0f;
      }
    }
    normalise_rows<4>(v, shared_memory<NormShared>().parts, warp % WARPS_ACROSS, norm, row_of, [&](int c) { return column_of(c) < group_out; });
#pragma unroll
    for (int r = 0; r < R; r++) {
      const int64_t row = first_row + row_of(r);
      if (row >= rows) continue;
#pragma unroll
      for (int c = 0; c < C; c++) {
        if (column_of(c) < group_out) store_normalised(norm, row / pixels, row % pixels, column_of(c), v[r][c]);
      }
    }
  } else {
    const bool narrow = p.out_type == DETR4J_CUDA_TYPE_BF16, pairs = stores_pairs(p);
    // A lane has two neighbouring columns of rows lane / 4 and 8 further of each tile.
#pragma unroll
    for (int i = 0; i < MT; i++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const int64_t row = first_row + row_in_block + 16 * i + lane / 4 + 8 * half;
        if (row >= rows) continue;
        const int64_t n = row / pixels, pixel = row % pixels;
        const bool zero = p.row_mask_mode == DETR4J_CUDA_ROW_MASK_ZERO_OUTPUT && p.row_mask[row] == 0;
        const int64_t out = n * p.out_batch_stride + pixel * p.out_row_stride + group * group_out;
        const float* residual = p.residual == nullptr ? nullptr : p.residual + n * p.residual_batch_stride + pixel * p.residual_row_stride + group * group_out;
#pragma unroll
        for (int j = 0; j < NT; j++) {
          const int column = first_column + column_in_block + 8 * j + 2 * (lane % 4);
          float v[2] = {sum[i][j][2 * half], sum[i][j][2 * half + 1]};
#pragma unroll
          for (int c = 0; c < 2; c++) {
            if (column + c >= group_out) continue;
            if (p.bias != nullptr) v[c] += p.bias[group * ((group_out + 3) / 4 * 4) + column + c];
            if (residual != nullptr) v[c] += residual[column + c];
            v[c] = zero ? 0.0f : activated(p.activation, v[c]);
          }
          if (pairs && column < group_out) {  // then columns come in pairs
            if (narrow) {
              *reinterpret_cast<unsigned*>(static_cast<bf16_t*>(p.out) + out + column) = pack_bf16(v[0], v[1]);
            } else {
              store2(reinterpret_cast<float2*>(static_cast<float*>(p.out) + out + column), make_float2(v[0], v[1]));
            }
          } else {
#pragma unroll
            for (int c = 0; c < 2; c++) {
              if (column + c >= group_out) continue;
              put_number(p.out, p.out_type, out + column + c, v[c]);
            }
          }
        }
      }
    }
  }
}

// Blocks that a multiprocessor must have room for.
template <bool COPIED_A, class Warps>
constexpr int blocks_at_once() {
  return Warps::THREADS == 128 ? 3 : COPIED_A && Warps::COLUMNS == Warps::ROWS ? 2 : 1;
}

template <bool BF16, Source SOURCE, class Warps>
__global__ void __launch_bounds__(Warps::THREADS, (blocks_at_once<SOURCE == COPIED, Warps>())) tensor_conv2d_kernel(const __grid_constant__ Joint joint) {
  const int which = own_product(joint);
  compute_block<BF16, SOURCE, Warps, false>(joint.product[which], (int)blockIdx.x - joint.first_block[which], detr4j_cuda_layer_norm{});
}

template <bool BF16, Source SOURCE>
__global__ void __launch_bounds__(Whole::THREADS) tensor_linear_norm_kernel(const __grid_constant__ detr4j_cuda_conv2d p,
                                                                             const __grid_constant__ detr4j_cuda_layer_norm norm) {
  compute_block<BF16, SOURCE, Whole, true>(p, (int)blockIdx.x, norm);
}

template <bool BF16, Source SOURCE, class Warps>
int32_t enqueue_shape(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d* p, int count) {
  return run_joint(queue, kernel, p, count, Warps::ROWS, Warps::COLUMNS, Warps::THREADS, sizeof(Stages<Warps::ROWS, Warps::COLUMNS>),
                   tensor_conv2d_kernel<BF16, SOURCE, Warps>);
}

template <bool BF16, Source SOURCE>
int32_t enqueue(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d* p, int count) {
  return take_large_blocks(p, count) ? enqueue_shape<BF16, SOURCE, Large>(queue, kernel, p, count) : enqueue_shape<BF16, SOURCE, Small>(queue, kernel, p, count);
}

template <bool BF16, Source SOURCE>
int32_t enqueue_norm(detr4j_cuda_queue* queue, const char* kernel, const detr4j_cuda_conv2d& p, const detr4j_cuda_layer_norm& norm) {
  const dim3 grid(blocks_of((int64_t)p.batch * p.out_h * p.out_w, NORM_ROWS));
  return queue->run(kernel, grid, dim3(Whole::THREADS), sizeof(NormShared), tensor_linear_norm_kernel<BF16, SOURCE>, p, norm);
}

// Whether a piece is in one tap of the window, and its first element on 16 bytes.
bool in_pieces(const detr4j_cuda_conv2d& p, int piece) {
  const int64_t element = p.x_type == DETR4J_CUDA_TYPE_BF16 ? 2 : 4;
  return p.in_c / p.groups % piece == 0 && rows_on(16, p.x, element, p.x_row_stride, p.x_batch_stride);
}

}  // namespace

extern "C" int32_t detr4j_cuda_conv2d_bf16(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, int32_t count) {
  const int32_t refused = refuse_products(queue, "conv2d_bf16", p, count);
  if (refused != DETR4J_CUDA_OK) return refused;
  for (int i = 0; i < count; i++) {
    DETR4J_REQUIRE(queue, ((p[i].x_type | p[i].out_type) & ~DETR4J_CUDA_TYPE_BF16) == 0, "conv2d_bf16: types %d and %d", p[i].x_type, p[i].out_type);
  }
  const bool pieces = all_of(p, count, [](const detr4j_cuda_conv2d& one) { return in_pieces(one, Products<true>::PIECE); });
  if (pieces && all_of(p, count, [](const detr4j_cuda_conv2d& one) { return one.x_type == DETR4J_CUDA_TYPE_BF16; })) {
    return enqueue<true, COPIED>(queue, "conv2d_bf16", p, count);
  }
  const bool wide = all_of(p, count, [](const detr4j_cuda_conv2d& one) { return one.x_type == DETR4J_CUDA_TYPE_F32; });
  return pieces && wide ? enqueue<true, ROUNDED>(queue, "conv2d_bf16", p, count) : enqueue<true, GATHERED>(queue, "conv2d_bf16", p, count);
}

extern "C" int32_t detr4j_cuda_conv2d_tf32(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, int32_t count) {
  const int32_t refused = refuse_products(queue, "conv2d_tf32", p, count);
  if (refused != DETR4J_CUDA_OK) return refused;
  for (int i = 0; i < count; i++) {
    DETR4J_REQUIRE(queue, p[i].x_type == DETR4J_CUDA_TYPE_F32 && p[i].out_type == DETR4J_CUDA_TYPE_F32, "conv2d_tf32: types %d and %d", p[i].x_type,
                   p[i].out_type);
  }
  const bool pieces = all_of(p, count, [](const detr4j_cuda_conv2d& one) { return in_pieces(one, Products<false>::PIECE); });
  return pieces ? enqueue<false, COPIED>(queue, "conv2d_tf32", p, count) : enqueue<false, GATHERED>(queue, "conv2d_tf32", p, count);
}

extern "C" int32_t detr4j_cuda_linear_norm_bf16(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, const detr4j_cuda_layer_norm* norm) {
  const int32_t refused = refuse_linear_norm(queue, "linear_norm_bf16", *p, *norm);
  if (refused != DETR4J_CUDA_OK) return refused;
  DETR4J_REQUIRE(queue, (p->x_type & ~DETR4J_CUDA_TYPE_BF16) == 0, "linear_norm_bf16: input of type %d", p->x_type);
  if (!in_pieces(*p, Products<true>::PIECE)) return enqueue_norm<true, GATHERED>(queue, "linear_norm_bf16", *p, *norm);
  return p->x_type == DETR4J_CUDA_TYPE_BF16 ? enqueue_norm<true, COPIED>(queue, "linear_norm_bf16", *p, *norm)
                                            : enqueue_norm<true, ROUNDED>(queue, "linear_norm_bf16", *p, *norm);
}

extern "C" int32_t detr4j_cuda_linear_norm_tf32(detr4j_cuda_queue* queue, const detr4j_cuda_conv2d* p, const detr4j_cuda_layer_norm* norm) {
  const int32_t refused = refuse_linear_norm(queue, "linear_norm_tf32", *p, *norm);
  if (refused != DETR4J_CUDA_OK) return refused;
  DETR4J_REQUIRE(queue, p->x_type == DETR4J_CUDA_TYPE_F32, "linear_norm_tf32: input of type %d", p->x_type);
  return in_pieces(*p, Products<false>::PIECE) ? enqueue_norm<false, COPIED>(queue, "linear_norm_tf32", *p, *norm)
                                               : enqueue_norm<false, GATHERED>(queue, "linear_norm_tf32", *p, *norm);
}
