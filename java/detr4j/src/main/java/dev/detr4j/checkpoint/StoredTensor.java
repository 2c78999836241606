package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;

/**
 * One tensor of a checkpoint, as it is stored. Thread-safe; usable until its checkpoint is closed.
 *
 * <p>{@link Weight#read} widens the values to fp32 and throws {@link CheckpointException} when the
 * element type has no fp32 meaning or the checkpoint has been closed.
 */
public interface StoredTensor extends Weight {
  /**
   * The container that holds this tensor, as messages name it; for a sharded checkpoint the shard.
   */
  String container();

  /** The type of the stored elements. */
  StoredType storedType();

  /**
   * The stored elements, row-major and little-endian, exactly {@code shape().elements() *
   * storedType().bytes()} bytes. The segment is read-only or a private copy; it must not be used
   * after the checkpoint is closed.
   */
  MemorySegment bytes();
}
