// What the handles of the ABI are: a device, a queue on it, a recorded program.
#ifndef DETR4J_CUDA_QUEUE_H
#define DETR4J_CUDA_QUEUE_H

#include <cstdarg>
#include <cstdio>

#include "detr4j_cuda.h"
#include "launch.h"

constexpr size_t SENTENCE = 400;  // bytes of an error text

struct detr4j_cuda_device {
  int number;
  int architecture;
  size_t shared_memory;  // the most bytes of it that a block may use
  char name[256];
};

struct detr4j_cuda_program {
  cudaGraphExec_t graph;
};

struct detr4j_cuda_queue {
  detr4j_cuda_device* device;
  cudaStream_t stream;
  int64_t launches = 0;
  int32_t broken = DETR4J_CUDA_OK;  // the status of the first failure of its work; it stays
  char sentence[SENTENCE] = "";

  // A parameter is outside its range. Nothing was put on the queue, so the queue stays usable.
  __attribute__((format(printf, 2, 3))) int32_t refuse(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return DETR4J_CUDA_ERROR_ARGUMENT;
  }

  // The status of a call of the runtime; `what` names it in the sentence.
  int32_t checked(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return DETR4J_CUDA_OK;
    snprintf(sentence, sizeof sentence, "%s on %s failed: %s", what, device->name, cudaGetErrorString(error));
    return broken = DETR4J_CUDA_ERROR_RUNTIME;
  }

  // Puts a kernel on the queue. The runtime launches on the device that this operating-system thread used last.
  template <class... Parameters, class... Arguments>
  int32_t run(const char* kernel, dim3 grid, dim3 block, size_t shared, void (*function)(Parameters...), const Arguments&... arguments) {
    if (broken != DETR4J_CUDA_OK) return broken;
    if (shared > device->shared_memory) {
      return refuse("%s: %zu bytes of shared memory; %s with compute capability %d.%d has %zu a block", kernel, shared, device->name,
                    device->architecture / 10, device->architecture % 10, device->shared_memory);
    }
    const cudaError_t chosen = cudaSetDevice(device->number);
    if (chosen != cudaSuccess) return checked(chosen, kernel);
    launches++;
    return checked(launch({kernel, grid, block, shared, stream}, function, arguments...), kernel);
  }
};

// For the beginning of an operation: refuses with the condition's text and the value that breaks it.
#define DETR4J_REQUIRE(queue, condition, format, ...)                        \
  do {                                                                       \
    if (!(condition)) return (queue)->refuse(format, __VA_ARGS__);           \
  } while (0)

// Whether accesses of so many bytes of a tensor's rows are possible.
inline bool rows_on(int64_t bytes, const void* p, int64_t element, int64_t row_stride, int64_t batch_stride) {
  return (int64_t)((uintptr_t)p % (uintptr_t)bytes) == 0 && row_stride * element % bytes == 0 && batch_stride * element % bytes == 0;
}

// The same for the usual ones.
inline bool rows_on_16_bytes(const void* p, int64_t row_stride, int64_t batch_stride) { return rows_on(16, p, sizeof(float), row_stride, batch_stride); }

#endif  // DETR4J_CUDA_QUEUE_H
