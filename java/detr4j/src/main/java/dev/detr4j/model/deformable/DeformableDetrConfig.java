package dev.detr4j.model.deformable;

import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * Deformable DETR (Zhu et al. 2021).
 *
 * @param numFeatureLevels levels that the encoder sees: one for each of {@link
 *     BackboneConfig#taps}, and if it is larger than their number, further levels by 3x3
 *     convolutions of stride 2, the first on the last tap
 * @param encoderPoints sampling points for each head and level in the encoder
 * @param decoderPoints sampling points for each head and level in the decoder
 * @param withBoxRefine whether each decoder layer has its own heads and refines the boxes of the
 *     layer before
 * @param twoStage whether the queries come from encoder proposals; only with {@code withBoxRefine}
 * @param numQueries object queries; of a two-stage model, the proposals that are kept
 * @param numerics where implementations of the same architecture differ
 */
public record DeformableDetrConfig(
    BackboneConfig backbone,
    TransformerConfig transformer,
    int numFeatureLevels,
    int encoderPoints,
    int decoderPoints,
    boolean withBoxRefine,
    boolean twoStage,
    int numQueries,
    List<String> labels,
    Numerics numerics)
    implements ModelConfig {

  /**
   * The numbers that differ from project to project.
   *
   * @param sineOffset what the sine position embedding adds to the 1-based count of cells
   * @param inverseSigmoidEpsilon the smallest argument of the logarithms in the inverse sigmoid of
   *     a reference
   * @param neckBias whether the convolutions of the neck have biases
   */
  public record Numerics(float sineOffset, float inverseSigmoidEpsilon, boolean neckBias) {
    /** fundamentalvision/Deformable-DETR and transformers. */
    public static final Numerics STANDARD = new Numerics(-0.5f, 1e-5f, true);

    /** IDEA-Research/detrex. */
    public static final Numerics DETREX = new Numerics(-0.5f, 1e-3f, true);

    /** open-mmlab/mmdetection. */
    public static final Numerics MMDETECTION = new Numerics(-0.5f, 1e-5f, false);

    /** birder, which took the position embedding of its DETR. */
    public static final Numerics BIRDER = new Numerics(0f, 1e-5f, true);
  }

  /** Copies the labels. */
  public DeformableDetrConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public DeformableDetrFamily family() {
    return DeformableDetrFamily.DEFORMABLE_DETR;
  }

  @Override
  public DeformableDetrModel network(WeightSource source) {
    return new DeformableDetrModel(this, source);
  }

  @Override
  public Postprocessing newPostprocessing(SelectionRule rule) {
    return new DeformableDetrPostprocessing(numQueries, numLogits(), rule);
  }

  @Override
  public int firstLabel(SelectionRule rule) {
    return rule.firstLabel();
  }

  /** Without refinement all decoder layers predict with the same heads. */
  @Override
  public int tiedHeads() {
    return withBoxRefine ? 0 : transformer.decoderLayers();
  }

  @Override
  public String architecture() {
    return "Deformable DETR"
        + (numFeatureLevels == 1 ? ", single scale" : "")
        + (backbone.dilated() ? ", DC5" : "")
        + (withBoxRefine ? ", box refinement" : "")
        + (twoStage ? ", two-stage" : "");
  }

  /** The same model with the backbone, class names and numerics that transformers has. */
  DeformableDetrConfig inTransformers(ResNetConfig origin, List<String> names) {
    return new DeformableDetrConfig(
        origin,
        transformer,
        numFeatureLevels,
        encoderPoints,
        decoderPoints,
        withBoxRefine,
        twoStage,
        numQueries,
        names,
        Numerics.STANDARD);
  }

  @Override
  public int numLogits() {
    return labels.size();
  }

  @Override
  public String variant() {
    String base =
        twoStage
            ? "two-stage"
            : withBoxRefine ? "refine" : numFeatureLevels == 1 ? "single-scale" : "plain";
    return base + (backbone.dilated() ? "-dc5" : "");
  }
}
