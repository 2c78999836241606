package dev.detr4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * The bytes that tensors of a torch file are views of. Thread-safe.
 *
 * <p>They lie in the mapped file, or are inflated when they are first asked for and then kept until
 * the checkpoint is closed.
 */
final class TorchStorage {
  private final long size;
  private final boolean inPlace;
  private final boolean bigEndian;
  private final Supplier<MemorySegment> source;
  private volatile MemorySegment bytes = MemorySegment.NULL;

  /**
   * A storage of {@code size} bytes.
   *
   * @param inPlace whether {@code source} costs nothing
   */
  TorchStorage(long size, boolean inPlace, boolean bigEndian, Supplier<MemorySegment> source) {
    this.size = size;
    this.inPlace = inPlace;
    this.bigEndian = bigEndian;
    this.source = source;
  }

  long size() {
    return size;
  }

  /** Whether the bytes can be had without memory of their own. */
  boolean inPlace() {
    return inPlace;
  }

  boolean bigEndian() {
    return bigEndian;
  }

  MemorySegment bytes() {
    if (inPlace) {
      return source.get();
    }
    // NULL also stands for an empty storage, which is cheap to make again.
    if (bytes.byteSize() == 0) {
      synchronized (this) {
        if (bytes.byteSize() == 0) {
          bytes = source.get();
        }
      }
    }
    return bytes;
  }
}
