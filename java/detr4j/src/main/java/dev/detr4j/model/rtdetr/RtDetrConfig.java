package dev.detr4j.model.rtdetr;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.model.resnet.ResNetVdConfig;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * RT-DETR (Zhao et al. 2024) and RT-DETRv2 (Lv et al. 2024).
 *
 * @param family which of the two
 * @param transformer the decoder, and of the encoder the layers, heads and widths
 * @param storedDecoderLayers decoder layers that the checkpoint has; those behind the last of
 *     {@code transformer} do not count
 * @param numFeatureLevels levels that the decoder samples: one for each of {@link
 *     ResNetVdConfig#taps}, or one more
 * @param epsilons what the norms add
 */
record RtDetrConfig(
    RtDetrFamily family,
    ResNetVdConfig backbone,
    HybridEncoderConfig encoder,
    TransformerConfig transformer,
    int storedDecoderLayers,
    int numFeatureLevels,
    int points,
    Sampling sampling,
    int numQueries,
    List<String> labels,
    Epsilons epsilons)
    implements ModelConfig {
  /**
   * How the decoder samples.
   *
   * @param scaled whether the checkpoint has a scale for each sample (RT-DETRv2)
   * @param offsetScale what offsets are multiplied by beside that; 0.5 in RT-DETR
   * @param discrete whether a sample is the value of one cell
   */
  record Sampling(boolean scaled, double offsetScale, boolean discrete) {
    static final Sampling V1 = new Sampling(false, 0.5, false);
  }

  /** What layer norms add to variances, and the batch norms behind the input projection. */
  record Epsilons(float layerNorm, double batchNorm) {
    static final Epsilons PUBLISHED = new Epsilons(1e-5f, 1e-5);
  }

  RtDetrConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public RtDetrModel network(WeightSource source) {
    return new RtDetrModel(this, source);
  }

  /** {@inheritDoc} As many candidates as queries. */
  @Override
  public Postprocessing newPostprocessing(SelectionRule rule) {
    return new DeformableDetrPostprocessing(
        numQueries, numLogits(), new SelectionRule(numQueries, rule.firstLabel(), rule.edges()));
  }

  @Override
  public int firstLabel(SelectionRule rule) {
    return rule.firstLabel();
  }

  @Override
  public boolean withBoxRefine() {
    return true;
  }

  @Override
  public boolean twoStage() {
    return true;
  }

  @Override
  public String architecture() {
    return family.title() + (sampling.discrete() ? ", discrete sampling" : "");
  }

  @Override
  public int numLogits() {
    return labels.size();
  }

  /** The backbone; {@code -m} with the narrow neck of the smaller model of that backbone. */
  @Override
  public String variant() {
    boolean medium =
        backbone.block() == ResNetConfig.Block.BOTTLENECK && encoder.hidden() < encoder.dim();
    return "r"
        + backbone.title().substring("ResNet-".length())
        + (medium ? "-m" : "")
        + (sampling.discrete() ? OriginalFormat.DISCRETE : "");
  }
}
