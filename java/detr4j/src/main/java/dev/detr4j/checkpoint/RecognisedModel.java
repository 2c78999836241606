package dev.detr4j.checkpoint;

import dev.detr4j.Assumption;
import dev.detr4j.ModelSource;
import java.util.List;

/**
 * What the tensors of a checkpoint say about its model.
 *
 * @param source the project that wrote it
 * @param config the architecture
 * @param names how the file names its tensors
 * @param input what the file says of images beside its tensors
 * @param assumed what the file does not tell
 */
public record RecognisedModel(
    ModelSource source,
    ModelConfig config,
    TensorNames names,
    StoredInput input,
    List<Assumption> assumed) {
  public RecognisedModel {
    assumed = List.copyOf(assumed);
  }

  /**
   * Infers source and architecture from names and shapes.
   *
   * @throws dev.detr4j.CheckpointException when the source cannot be told, is another than the
   *     options say, or its tensors describe no model that is supported; the message says what was
   *     seen
   */
  public static RecognisedModel of(Checkpoint checkpoint, RecognitionOptions options) {
    return Recognition.of(checkpoint, options);
  }

  /** The variant as {@link ModelConfig#variant} names it. */
  public String variant() {
    return config.variant();
  }

  /** The weights of the checkpoint under the names of its source. */
  public CheckpointWeights weights(Checkpoint checkpoint) {
    return new CheckpointWeights(
        checkpoint, names, "the architecture inferred from the other tensors");
  }
}
