package dev.detr4j.backend;

import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One device with its memory, its kernels and the packed weights of one detector.
 *
 * <p>Nothing above this interface assumes that buffers are host memory: bytes travel through a
 * {@link Queue}. A backend is thread-safe and shared by the sessions of a detector; each session
 * has a queue of its own. The detector closes the backend last.
 */
public interface Backend extends AutoCloseable {
  /** Which implementation this is. */
  BackendKind kind();

  /** The device in words, as in {@code 2 threads of AMD EPYC}. */
  String device();

  /** The instruction set or architecture in use, as in {@code avx512}. */
  String instructionSet();

  /**
   * Why this backend cannot run an operation, or null when it can. Asked while planning, never
   * while running.
   */
  @Nullable String refusal(OpSpec op);

  /** The element types in which an operation here takes its operands. Asked while planning. */
  default OperandTypes operandTypes(OpSpec op) {
    return OperandTypes.AS_IN_GRAPH;
  }

  /** Which nodes may run otherwise than one by one. Asked while planning. */
  default NodeSharing sharing() {
    return NodeSharing.NONE;
  }

  /**
   * Whether its memory is not that of the processors. Detections are then selected there, by a
   * {@link dev.detr4j.op.SelectionOp}, and nothing else of a network's output comes back.
   */
  default boolean hasOwnMemory() {
    return false;
  }

  /**
   * Allocates zeroed device memory.
   *
   * @throws dev.detr4j.error.BackendException when the device has too little; the message names
   *     need and free memory
   */
  Buffer allocate(long bytes);

  /**
   * Allocates zeroed host memory, 64-byte aligned, that copies from and to this device are fastest
   * with: pinned, where the device wants that.
   *
   * @param arena frees the memory when it is closed
   * @throws dev.detr4j.error.BackendException as {@link #allocate} does
   */
  MemorySegment hostMemory(Arena arena, long bytes);

  /** Bytes of packed weights that the device holds. */
  long weightBytes();

  /** A queue for the work of one session. */
  Queue newQueue();

  /**
   * Frees packed weights, threads and device state. Buffers, programs and queues are closed by
   * whoever made them, before.
   */
  @Override
  void close();
}
