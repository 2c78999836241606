package dev.detr4j.checkpoint;

import java.util.List;

/**
 * Deformable DETR (Zhu et al. 2021).
 *
 * @param numFeatureLevels levels that the encoder sees: one for each of {@link ResNetConfig#taps},
 *     and if it is larger than their number, further levels by 3x3 convolutions of stride 2, the
 *     first on the last tap
 * @param encoderPoints sampling points for each head and level in the encoder
 * @param decoderPoints sampling points for each head and level in the decoder
 * @param withBoxRefine whether each decoder layer has its own heads and refines the boxes of the
 *     layer before
 * @param twoStage whether the queries come from encoder proposals; only with {@code withBoxRefine}
 * @param numQueries object queries; of a two-stage model, the proposals that are kept
 */
public record DeformableDetrConfig(
    ResNetConfig backbone,
    TransformerConfig transformer,
    int numFeatureLevels,
    int encoderPoints,
    int decoderPoints,
    boolean withBoxRefine,
    boolean twoStage,
    int numQueries,
    List<String> labels)
    implements ModelConfig {
  public DeformableDetrConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public int numLogits() {
    return labels.size();
  }
}
