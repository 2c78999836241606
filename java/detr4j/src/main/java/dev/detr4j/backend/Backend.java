package dev.detr4j.backend;

import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One device with its memory, its kernels and the packed weights of one detector.
 *
 * <p>Nothing above this interface assumes that buffers are host memory: bytes travel by {@link
 * #upload} and {@link #download}. A backend is thread-safe and shared by the sessions of a
 * detector; its programs are not. The detector closes it last.
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

  /**
   * Allocates zeroed device memory; throws {@link dev.detr4j.error.BackendException} that names
   * need and free memory.
   */
  Buffer allocate(long bytes);

  /**
   * Copies host bytes into a buffer; returns when the host memory may be reused. Allocates nothing.
   */
  void upload(MemorySegment host, long hostOffset, Buffer buffer, long offset, long bytes);

  /**
   * Copies bytes of a buffer to host memory, after the programs that were started before it.
   * Allocates nothing.
   */
  void download(Buffer buffer, long offset, MemorySegment host, long hostOffset, long bytes);

  /**
   * Binds nodes to kernels, packing weights that are not packed yet. The program runs them in this
   * order.
   */
  Program compile(List<BoundNode> nodes);

  /**
   * Frees packed weights, threads and device state. Buffers and programs are closed by whoever made
   * them, before.
   */
  @Override
  void close();
}
