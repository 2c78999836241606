package dev.detr4j.tensor;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A named fp32 tensor that is read when a backend packs it, not before.
 *
 * <p>Weights that are equal share one packed copy, however often a graph is made. A tensor of a
 * checkpoint is equal to itself alone, even where names and values agree; a weight that is computed
 * from others is equal to what is computed from equal weights by the same rule. Implementations are
 * thread-safe and cheap to hold, and immutable unless {@link #changes} says otherwise; the values
 * of a checkpoint stay in its memory-mapped file until they are read.
 */
public interface Weight {
  /** The name in its checkpoint, or a description of how it was derived; used in messages. */
  String name();

  /** The extents, row-major. */
  Shape shape();

  /**
   * Writes all elements, row-major, as fp32 in native byte order.
   *
   * @param destination native memory of at least {@code 4 * shape().elements()} bytes
   */
  void read(MemorySegment destination);

  /**
   * Whether its values may differ from one run of a plan to the next, as those of a weight that is
   * trained do. Then nothing that follows from it is a constant of a plan, and whoever changes it
   * has the backend pack it anew. Weights of a checkpoint never change.
   */
  default boolean changes() {
    return false;
  }

  /**
   * The values as {@link #read} writes them, where they lie in memory as long as the weight is in
   * use; null where they do not. Who packs a weight in every step of a training saves a copy.
   */
  default @Nullable MemorySegment inMemory() {
    return null;
  }

  /**
   * The weight that is this one with its first two axes swapped and every further axis in reverse
   * order, or null: by such weights gradients go back, and the layout of the one can be written
   * from the other without a copy in between.
   */
  default @Nullable Weight swapped() {
    return null;
  }
}
