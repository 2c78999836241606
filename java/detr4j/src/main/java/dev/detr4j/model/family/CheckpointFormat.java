package dev.detr4j.model.family;

import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.names.NameTable;
import java.util.List;

/**
 * How one project stores the models of one family, in files that bring no configuration. Immutable
 * and thread-safe.
 */
public interface CheckpointFormat {
  /** The project. */
  ModelSource source();

  /**
   * Tensors that every checkpoint of the format has, and together none of another but of a format
   * with more marks.
   */
  List<String> marks();

  /** Its tensor names. */
  NameTable names();

  /**
   * The architecture that the tensors describe. What no tensor tells is taken as in the published
   * models and {@linkplain TensorEvidence#assume said}.
   *
   * @throws dev.detr4j.error.CheckpointException when the tensors describe no supported model
   */
  ModelConfig configuration(TensorEvidence tensors, RecognitionOptions options);

  /**
   * What the project does before and after the network of this file; by default what it does for
   * all models, with what the file says of images.
   */
  default SourceBehaviour behaviour(TensorEvidence tensors, ModelConfig config) {
    return SourceBehaviour.of(source()).with(input(tensors));
  }

  /** What the file says of images; nothing unless a format has it. */
  default StoredInput input(TensorEvidence tensors) {
    return StoredInput.NONE;
  }
}
