// 3x3 convolution, stride 1, by Winograd's F(2x2, 3x3): 16 products for four output pixels in place of 36. See winograd.h.
// Compiled for fp32 and for bf16 products.
//
//         1  0 -1  0
//   B^T = 0  1  1  0      A^T = 1 1  1  0
//         0 -1  1  0            0 1 -1 -1
//         0  1  0 -1

#include "kernel.h"

enum { EDGE = 2 };
#define WINOGRAD detr4j_winograd_conv2d

V_INLINE void transform_input_line(const v_f32 *d, v_f32 *v) {
  v[0] = v_sub(d[0], d[2]);
  v[1] = v_add(d[1], d[2]);
  v[2] = v_sub(d[2], d[1]);
  v[3] = v_sub(d[1], d[3]);
}

V_INLINE void transform_output_line(const v_f32 *m, v_f32 *y) {
  y[0] = v_add(m[0], v_add(m[1], m[2]));
  y[1] = v_sub(v_sub(m[1], m[2]), m[3]);
}

#include "winograd.h"
