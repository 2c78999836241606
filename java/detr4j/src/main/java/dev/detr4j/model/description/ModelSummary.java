package dev.detr4j.model.description;

import java.util.List;

/**
 * A description of a model.
 *
 * @param source the project whose names, numerics, pre- and post-processing the model has
 * @param variant name within the family, such as {@code r50-dc5} or {@code two-stage}
 * @param architecture such as {@code Deformable DETR, box refinement, two-stage}
 * @param backbone such as {@code ResNet-50}
 * @param dilated whether the last stage of the backbone dilates instead of striding (DC5)
 * @param encoderLayers layers of the encoder
 * @param decoderLayers layers of the decoder
 * @param levels feature levels that the encoder sees
 * @param boxRefinement whether each decoder layer refines the boxes of the previous one
 * @param twoStage whether the queries come from proposals of the encoder
 * @param queries boxes per image
 * @param labels number of classes
 * @param parameters numbers in all tensors that the model reads, shared ones counted once
 * @param checkpoint file or folder that it was read from
 * @param assumed properties that the file does not state
 */
public record ModelSummary(
    ModelSource source,
    String variant,
    String architecture,
    String backbone,
    boolean dilated,
    int encoderLayers,
    int decoderLayers,
    int levels,
    boolean boxRefinement,
    boolean twoStage,
    int queries,
    int labels,
    long parameters,
    String checkpoint,
    List<Assumption> assumed) {
  /** Copies the list. */
  public ModelSummary {
    assumed = List.copyOf(assumed);
  }
}
