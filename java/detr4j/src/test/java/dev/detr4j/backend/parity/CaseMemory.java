package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.tensor.Buffer;
import java.util.ArrayList;
import java.util.List;

/** Where the tensors of a case are put. */
interface CaseMemory extends AutoCloseable {
  /** A place in memory. */
  record Place(Buffer buffer, long offset) {}

  /** A place of so many bytes, aligned at least to 4. */
  Place allocate(long bytes);

  @Override
  void close();

  /** Memory of a backend, with an offset that is no multiple of a vector. */
  static CaseMemory of(Backend backend) {
    return new CaseMemory() {
      private final List<Buffer> buffers = new ArrayList<>();

      @Override
      public Place allocate(long bytes) {
        Buffer buffer = backend.allocate(bytes + 12);
        buffers.add(buffer);
        return new Place(buffer, 12);
      }

      @Override
      public void close() {
        buffers.forEach(Buffer::close);
      }
    };
  }
}
