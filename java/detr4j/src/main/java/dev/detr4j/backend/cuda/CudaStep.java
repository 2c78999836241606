package dev.detr4j.backend.cuda;

import java.lang.foreign.MemorySegment;

/**
 * One node, ready to be put on a queue.
 *
 * @param parameters of the operation; they live as long as the program
 * @param operation the function of the library
 */
record CudaStep(MemorySegment parameters, Operation operation) {
  /** A function of detr4j_cuda.h that puts kernels on a queue. */
  @FunctionalInterface
  interface Operation {
    /** Returns a status. */
    int enqueue(MemorySegment queue, MemorySegment parameters);
  }

  int enqueue(MemorySegment queue) {
    return operation.enqueue(queue, parameters);
  }
}
