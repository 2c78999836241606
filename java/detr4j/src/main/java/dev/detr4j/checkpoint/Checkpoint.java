package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.family.TensorFile;
import dev.detr4j.tensor.Shape;
import java.util.Optional;

/**
 * A set of named tensors in some container.
 *
 * <p>Opening reads only the directory of the container; values stay where they are until a tensor
 * is read. Implementations are thread-safe. The opener closes the checkpoint, after which its
 * tensors can no longer be read.
 */
public interface Checkpoint extends TensorFile, AutoCloseable {
  /** The tensor of that name, if there is one. The same name gives the same instance. */
  Optional<StoredTensor> find(String name);

  /** The tensor of that name; throws {@link CheckpointException} when there is none. */
  default StoredTensor tensor(String name) {
    return find(name)
        .orElseThrow(() ->
            new CheckpointException(
                "checkpoint " + container() + ": there is no tensor " + OneLine.of(name)));
  }

  @Override
  default Optional<Shape> shape(String name) {
    return find(name).map(StoredTensor::shape);
  }

  @Override
  default boolean sameValues(String one, String other) {
    Optional<StoredTensor> first = find(one);
    Optional<StoredTensor> second = find(other);
    return first.isPresent()
        && second.isPresent()
        && first.get().bytes().mismatch(second.get().bytes()) < 0;
  }

  /**
   * Gives the pages of the container that were read so far back to the system, where it is mapped
   * into memory. Tensors can still be read: their pages are then mapped again.
   */
  default void unload() {}

  /** Releases the container. Closing twice has no effect. */
  @Override
  void close();
}
