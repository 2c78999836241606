package dev.detr4j.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** What an operation may use while its nodes are bound; the program owns what comes of it. */
final class CudaContext implements AutoCloseable {
  private final CudaBackend backend;
  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> memory = new ArrayList<>();
  private long bytes;

  CudaContext(CudaBackend backend) {
    this.backend = backend;
  }

  /** The packed weights of the detector. */
  CudaWeights weights() {
    return backend.weights();
  }

  /** Host memory for parameter structs. */
  Arena arena() {
    return arena;
  }

  /** Device memory for the kernels of one node, 8-byte aligned. */
  MemorySegment workspace(long size) {
    MemorySegment room = backend.memory().allocate(Math.max(size, 8));
    memory.add(room);
    bytes += size;
    return room;
  }

  /** A table in device memory. */
  MemorySegment table(int[] values) {
    try (Arena confined = Arena.ofConfined()) {
      return copied(confined.allocateFrom(ValueLayout.JAVA_INT, values));
    }
  }

  /** A table in device memory. */
  MemorySegment table(float[] values) {
    try (Arena confined = Arena.ofConfined()) {
      return copied(confined.allocateFrom(ValueLayout.JAVA_FLOAT, values));
    }
  }

  private MemorySegment copied(MemorySegment values) {
    MemorySegment table = workspace(values.byteSize());
    backend.uploadNow(table, values);
    return table;
  }

  /** Bytes of device memory so far. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    memory.forEach(backend.memory()::free);
    memory.clear();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
