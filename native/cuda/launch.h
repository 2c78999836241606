// How the host starts a kernel: launch({"name", grid, block, shared bytes, stream}, kernel, arguments).
#ifndef DETR4J_CUDA_LAUNCH_H
#define DETR4J_CUDA_LAUNCH_H

#include "device.h"

struct Launch {
  const char* kernel;  // for messages
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};

template <class... Parameters, class... Arguments>
cudaError_t launch(const Launch& where, void (*kernel)(Parameters...), const Arguments&... arguments) {
#if defined(__CUDACC__)
  if (where.shared > 48 << 10) {  // more has to be asked for
    const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize, (int)where.shared);
    if (error != cudaSuccess) return error;
  }
  kernel<<<where.grid, where.block, where.shared, where.stream>>>(arguments...);
  return cudaGetLastError();
#else
  return emulation::launch({where.kernel, where.grid, where.block, where.shared}, where.stream, [=] { kernel(arguments...); });
#endif
}

// Blocks of `size` that cover `count`.
inline unsigned blocks_of(int64_t count, int64_t size) { return (unsigned)((count + size - 1) / size); }

#endif  // DETR4J_CUDA_LAUNCH_H
