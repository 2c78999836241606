package dev.detr4j.backend.cuda;

import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** The weights of a detector in device memory, each packed once for each layout. Thread-safe. */
final class CudaWeights implements AutoCloseable {
  /** Writes a weight in the layout that a kernel reads. */
  @FunctionalInterface
  interface Packer {
    /** Values are row-major, as in the checkpoint; {@code packed} holds zeros. */
    void pack(MemorySegment values, MemorySegment packed);
  }

  private record Key(Weight weight, String layout) {}

  private final CudaBackend backend;
  private final Map<Key, MemorySegment> packed = new HashMap<>();
  private long bytes;

  CudaWeights(CudaBackend backend) {
    this.backend = backend;
  }

  /**
   * A weight in a layout.
   *
   * @param layout names the layout completely
   */
  synchronized MemorySegment packed(Weight weight, String layout, long size, Packer packer) {
    Key key = new Key(weight, layout);
    MemorySegment known = packed.get(key);
    if (known != null) {
      return known;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(Math.max(4 * weight.shape().elements(), 4), 64);
      weight.read(values);
      MemorySegment host = arena.allocate(Math.max(size, 4), 64);
      packer.pack(values, host);
      MemorySegment memory = backend.memory().allocate(Math.max(size, 4));
      packed.put(key, memory);
      bytes += size;
      backend.uploadNow(memory, host);
      return memory;
    }
  }

  /** A weight as it is, row-major. */
  MemorySegment plain(Weight weight) {
    long size = 4 * weight.shape().elements();
    return packed(
        weight, "plain", size, (values, memory) -> MemorySegment.copy(values, 0, memory, 0, size));
  }

  synchronized long bytes() {
    return bytes;
  }

  @Override
  public synchronized void close() {
    packed.values().forEach(backend.memory()::free);
    packed.clear();
  }
}
