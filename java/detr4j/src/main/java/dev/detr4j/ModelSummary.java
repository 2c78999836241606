package dev.detr4j;

/**
 * What a checkpoint holds.
 *
 * @param architecture as in {@code Deformable DETR, box refinement, two-stage}
 * @param backbone as in {@code ResNet-50}
 * @param parameters numbers in all tensors that the model reads
 * @param checkpoint where it was read from
 * @param queries boxes that one image gets
 * @param labels number of classes
 */
public record ModelSummary(
    String architecture,
    String backbone,
    long parameters,
    String checkpoint,
    int queries,
    int labels) {}
