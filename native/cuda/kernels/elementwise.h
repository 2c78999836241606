// For kernels in which a thread computes one element, or four of a row: which one it is.
#ifndef DETR4J_CUDA_ELEMENTWISE_H
#define DETR4J_CUDA_ELEMENTWISE_H

#include "../queue.h"

constexpr int ELEMENT_THREADS = 256;

// Position of the thread's element in [batch][rows][columns].
struct Element {
  int64_t item, row;
  int column;
  bool there;
};

DETR4J_DEVICE Element own_element(int64_t batch, int64_t rows, int columns) {
  const int64_t index = (int64_t)blockIdx.x * ELEMENT_THREADS + threadIdx.x, row = index / columns;
  return Element{row / rows, row % rows, (int)(index % columns), row < batch * rows};
}

template <class Parameters>
int32_t run_elements(detr4j_cuda_queue* queue, const char* kernel, int64_t elements, void (*function)(Parameters), const Parameters& p) {
  if (elements == 0) return DETR4J_CUDA_OK;
  DETR4J_REQUIRE(queue, elements > 0 && elements / ELEMENT_THREADS < INT32_MAX, "%s: %lld elements", kernel, (long long)elements);
  return queue->run(kernel, dim3(blocks_of(elements, ELEMENT_THREADS)), dim3(ELEMENT_THREADS), 0, function, p);
}

#endif  // DETR4J_CUDA_ELEMENTWISE_H
