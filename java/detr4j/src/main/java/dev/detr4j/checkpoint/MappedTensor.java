package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;

/** A tensor whose elements lie contiguously, row-major, in a memory-mapped file. */
record MappedTensor(
    String container, String name, StoredType storedType, Shape shape, MemorySegment bytes)
    implements StoredTensor {

  @Override
  public void read(MemorySegment destination) {
    if (!storedType.widens()) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s holds %s elements, expected one of F32, F16, BF16, F64"
              .formatted(container, OneLine.of(name), storedType));
    }
    if (!bytes.scope().isAlive()) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s is read after the checkpoint was closed"
              .formatted(container, OneLine.of(name)));
    }
    storedType.widen(bytes, destination, shape.elements());
    if (bytes.isMapped()) {
      // A weight is read once, to be packed. Its pages stay in the page cache, but no longer count
      // as this process's. Those that the system mapped around them go when all are packed: see
      // Checkpoint.unload.
      bytes.unload();
    }
  }

  /**
   * Identity, as {@link dev.detr4j.tensor.Weight} asks: two tensors are equal only when they are
   * the same.
   */
  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return OneLine.of(name) + " " + storedType + shape;
  }
}
