// Numbers of maps that are fp32 or bf16 in memory; kernels compute with fp32.
#ifndef DETR4J_CUDA_NUMBERS_H
#define DETR4J_CUDA_NUMBERS_H

#include "../tensor_cores.h"
#include "detr4j_cuda.h"

DETR4J_DEVICE float number_at(const void* x, int type, int64_t at) {
  return type == DETR4J_CUDA_TYPE_BF16 ? bf16_to_float(static_cast<const bf16_t*>(x)[at]) : static_cast<const float*>(x)[at];
}

DETR4J_DEVICE void put_number(void* x, int type, int64_t at, float v) {
  if (type == DETR4J_CUDA_TYPE_BF16) {
    static_cast<bf16_t*>(x)[at] = float_to_bf16(v);
  } else {
    static_cast<float*>(x)[at] = v;
  }
}

inline bool is_number_type(int type) { return type == DETR4J_CUDA_TYPE_F32 || type == DETR4J_CUDA_TYPE_BF16; }

#endif  // DETR4J_CUDA_NUMBERS_H
