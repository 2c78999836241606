package dev.detr4j.backend.cuda;

import dev.detr4j.backend.Precision;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One node, ready to be put on a queue.
 *
 * @param parameters of the operation; they live as long as the program
 * @param operation the function of the library
 * @param products what is multiplied, where the parameters are a {@code detr4j_cuda_conv2d} that
 *     may share a launch with others; else null
 */
record CudaStep(MemorySegment parameters, Operation operation, @Nullable Precision products) {
  /** A function of detr4j_cuda.h that puts kernels on a queue. */
  @FunctionalInterface
  interface Operation {
    /** Returns a status. */
    int enqueue(MemorySegment queue, MemorySegment parameters);
  }

  CudaStep(MemorySegment parameters, Operation operation) {
    this(parameters, operation, null);
  }

  int enqueue(MemorySegment queue) {
    return operation.enqueue(queue, parameters);
  }
}
