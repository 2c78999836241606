package dev.detr4j.model.description;

import java.util.List;

/**
 * What a checkpoint holds.
 *
 * @param source the project whose names, numerics, pre- and post-processing it has
 * @param variant its name within the family, as in {@code r50-dc5} or {@code two-stage}
 * @param architecture as in {@code Deformable DETR, box refinement, two-stage}
 * @param backbone as in {@code ResNet-50}
 * @param dilated whether the last stage of the backbone dilates instead of striding (DC5)
 * @param encoderLayers layers of the encoder
 * @param decoderLayers layers of the decoder
 * @param levels feature levels that the encoder sees
 * @param boxRefinement whether each decoder layer refines the boxes of the one before
 * @param twoStage whether the queries come from proposals of the encoder
 * @param queries boxes that one image gets
 * @param labels number of classes
 * @param parameters numbers in all tensors that the model reads, shared ones counted once
 * @param checkpoint where it was read from
 * @param assumed what the file does not tell
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
