package dev.detr4j.model.family;

import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.names.TensorNames;
import java.util.List;

/**
 * What the tensors of a checkpoint say about its model.
 *
 * @param source the project that wrote it
 * @param config the architecture
 * @param names how the file names its tensors
 * @param behaviour what is done before and after the network: the project's, with what the file
 *     says of images beside its tensors
 * @param assumed what the file does not tell
 */
public record RecognisedModel(
    ModelSource source,
    ModelConfig config,
    TensorNames names,
    SourceBehaviour behaviour,
    List<Assumption> assumed) {
  /** Copies the list. */
  public RecognisedModel {
    assumed = List.copyOf(assumed);
  }

  /** The variant as {@link ModelConfig#variant} names it. */
  public String variant() {
    return config.variant();
  }
}
