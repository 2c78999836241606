package dev.detr4j.model.family;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;

/**
 * Where a model builder takes its weights from, by canonical name (see {@link TensorNames}).
 *
 * <p>Not thread-safe: one builder uses it, asks for everything the model needs, and then calls
 * {@link #finish}. The weights it hands out are thread-safe and live as long as their checkpoint.
 */
public interface WeightSource {
  /**
   * The weight of that name. Names that the source stores as one tensor give the same instance.
   *
   * @param reason what in the configuration makes {@code expected} so, for the message; for
   *     instance {@code d_model = 256}
   * @throws CheckpointException when the tensor is missing, or has another shape or a type that is
   *     no weight
   */
  Weight get(String canonicalName, Shape expected, String reason);

  /** As above, without a reason. */
  default Weight get(String canonicalName, Shape expected) {
    return get(canonicalName, expected, "");
  }

  /**
   * Ends the accounts.
   *
   * @throws CheckpointException when the checkpoint holds tensors that nobody asked for and that
   *     are not known to be without use
   */
  void finish();
}
