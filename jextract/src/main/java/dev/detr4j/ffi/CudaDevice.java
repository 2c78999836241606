package dev.detr4j.ffi;

import dev.detr4j.ffi.generated.Detr4jCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiFunction;

/**
 * A device of the loaded CUDA library: its memory and its queues, by address. Thread-safe.
 *
 * <p>Whoever opened it frees what it allocated, closes its queues and then the device.
 */
public final class CudaDevice implements AutoCloseable {
  private static final int LONGEST_SENTENCE = 400;

  private final MemorySegment handle;

  private CudaDevice(MemorySegment handle) {
    this.handle = handle;
  }

  /**
   * Opens the device with this number.
   *
   * @param library that was loaded; there is no other way to one
   * @param mostArchitecture the compute capability to lower it to, 80 for 8.0; 0 leaves it
   * @throws CudaException when there is none or it cannot be used
   */
  public static CudaDevice open(CudaLibrary library, int number, int mostArchitecture) {
    assert library.file() != null;
    return new CudaDevice(
        withOut((out, text) ->
            Detr4jCuda.detr4j_cuda_open(number, mostArchitecture, out, text, LONGEST_SENTENCE)));
  }

  /** As the driver calls it. */
  public String name() {
    return text(Detr4jCuda.detr4j_cuda_device_name(handle));
  }

  /** The compute capability, lowered if that was asked for; 90 for 9.0. */
  public int architecture() {
    return Detr4jCuda.detr4j_cuda_device_architecture(handle);
  }

  /** How many scores its kernel of top-k selects at most. */
  public int mostSelected() {
    return Detr4jCuda.detr4j_cuda_device_top_k_most(handle);
  }

  /** Memory of the device, not zeroed. */
  public MemorySegment allocate(long bytes) {
    return withOut(
        (out, text) -> Detr4jCuda.detr4j_cuda_allocate(handle, bytes, out, text, LONGEST_SENTENCE));
  }

  /** Frees what {@link #allocate} returned. */
  public void free(MemorySegment memory) {
    int status = Detr4jCuda.detr4j_cuda_free(handle, memory);
    if (status != Detr4jCuda.DETR4J_CUDA_OK()) {
      throw new CudaException("memory of " + name() + " cannot be freed: status " + status);
    }
  }

  /** Zeroed memory of the host that the device copies from and to at its best. */
  public MemorySegment staging(Arena arena, long bytes) {
    MemorySegment memory =
        withOut((out, text) ->
            Detr4jCuda.detr4j_cuda_allocate_staging(
                handle, Math.max(bytes, 64), out, text, LONGEST_SENTENCE));
    MemorySegment bounded =
        memory.reinterpret(
            bytes, arena, freed -> Detr4jCuda.detr4j_cuda_free_staging(handle, memory));
    return bounded.fill((byte) 0);
  }

  /** A new queue, as the bindings take it. */
  public MemorySegment newQueue() {
    return withOut(
        (out, text) -> Detr4jCuda.detr4j_cuda_queue_open(handle, out, text, LONGEST_SENTENCE));
  }

  /** The sentence about the last error of a queue. */
  public static String error(MemorySegment queue) {
    return text(Detr4jCuda.detr4j_cuda_queue_error(queue));
  }

  @Override
  public void close() {
    Detr4jCuda.detr4j_cuda_close(handle);
  }

  /** The pointer that a call writes; the call's other argument is room for its sentence. */
  private static MemorySegment withOut(BiFunction<MemorySegment, MemorySegment, Integer> call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment text = arena.allocate(LONGEST_SENTENCE);
      if (call.apply(out, text) != Detr4jCuda.DETR4J_CUDA_OK()) {
        throw new CudaException(text.getString(0));
      }
      return MemorySegment.ofAddress(out.get(ValueLayout.ADDRESS, 0).address());
    }
  }

  private static String text(MemorySegment sentence) {
    return sentence.reinterpret(LONGEST_SENTENCE).getString(0);
  }
}
