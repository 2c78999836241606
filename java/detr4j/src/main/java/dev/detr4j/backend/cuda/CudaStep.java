package dev.detr4j.backend.cuda;

import dev.detr4j.backend.Precision;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One node, ready to be put on a queue.
 *
 * @param parameters of the operation; they live as long as the program
 * @param operation the function of the library
 * @param products what is multiplied, where the parameters are a {@code detr4j_cuda_conv2d}; else
 *     null
 * @param joint how it may share launches with others of its kind, or null
 */
record CudaStep(
    MemorySegment parameters,
    Operation operation,
    @Nullable Precision products,
    @Nullable Joint joint) {
  /** A function of detr4j_cuda.h that puts kernels on a queue. */
  @FunctionalInterface
  interface Operation {
    /** Returns a status. */
    int enqueue(MemorySegment queue, MemorySegment parameters);
  }

  /** The same for several parameter structs, one behind the other. */
  @FunctionalInterface
  interface JointOperation {
    /** Returns a status. */
    int enqueue(MemorySegment queue, MemorySegment parameters, int count);
  }

  /**
   * Who shares launches.
   *
   * @param kind equal for steps that may share one
   * @param most so many at once
   */
  record Joint(Object kind, int most, JointOperation operation) {}

  CudaStep(MemorySegment parameters, Operation operation) {
    this(parameters, operation, null, null);
  }

  /** A step that can share launches. */
  CudaStep(MemorySegment parameters, @Nullable Precision products, Joint joint) {
    this(parameters, (queue, all) -> joint.operation.enqueue(queue, all, 1), products, joint);
  }

  int enqueue(MemorySegment queue) {
    return operation.enqueue(queue, parameters);
  }
}
