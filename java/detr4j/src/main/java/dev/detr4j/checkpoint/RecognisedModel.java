package dev.detr4j.checkpoint;

import dev.detr4j.ModelSource;
import java.util.List;

/**
 * What the tensors of a checkpoint say about its model.
 *
 * @param source the project that wrote it
 * @param variant its name within the project: {@code r50}, {@code r101} and so on for DETR; {@code
 *     plain}, {@code single-scale}, {@code refine} or {@code two-stage} for Deformable DETR; with
 *     {@code -dc5} where the last stage dilates
 * @param config the architecture
 * @param names how the file names its tensors
 * @param assumed what no tensor tells, with the value taken, for people
 */
public record RecognisedModel(
    ModelSource source,
    String variant,
    ModelConfig config,
    TensorNames names,
    List<String> assumed) {
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

  /** The weights of the checkpoint under the names of its source. */
  public CheckpointWeights weights(Checkpoint checkpoint) {
    return new CheckpointWeights(
        checkpoint, names, "the architecture inferred from the other tensors");
  }
}
