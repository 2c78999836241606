package dev.detr4j.model.family;

import dev.detr4j.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What recognition sees of a checkpoint: names, shapes, and the plain values beside the tensors.
 */
public interface TensorFile {
  /** The container as messages name it, for instance {@code model.safetensors}. */
  String container();

  /** All names, in the order of the container. */
  List<String> names();

  /** The shape of the tensor of that name, if there is one. */
  Optional<Shape> shape(String name);

  /** Whether two tensors hold the same bytes; false when one of them is missing. */
  boolean sameValues(String one, String other);

  /** Plain values that the container has beside its tensors; empty where it has none. */
  default Map<?, ?> plainValues() {
    return Map.of();
  }
}
