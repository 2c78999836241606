package dev.detr4j.tensor;

/**
 * Memory of one device, owned by whoever allocated it; 64-byte aligned at offset 0.
 *
 * <p>Only the backend that made a buffer knows how to reach its bytes. Closing twice has no effect.
 */
public interface Buffer extends AutoCloseable {
  /** The size in bytes. */
  long byteSize();

  @Override
  void close();
}
