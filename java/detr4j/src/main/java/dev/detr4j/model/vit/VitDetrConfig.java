package dev.detr4j.model.vit;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.op.Activation;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * A detector on a vision transformer: LW-DETR (Chen et al. 2024) or RF-DETR (Robinson et al. 2025).
 *
 * @param family whose it is
 * @param architecture in words
 * @param variant the published size, or {@code custom}
 * @param transformer the decoder; there are no layers of an encoder. Its heads are those of
 *     self-attention
 * @param crossHeads heads of the deformable attention
 * @param points sampling points of a head
 * @param numQueries boxes that a model predicts
 * @param groups sets of queries that the checkpoint has; the first one detects, the others were for
 *     training (Group DETR, Chen et al. 2023)
 */
public record VitDetrConfig(
    ModelFamily family,
    String architecture,
    String variant,
    VitConfig backbone,
    Neck neck,
    TransformerConfig transformer,
    int crossHeads,
    int points,
    int numQueries,
    int groups,
    List<String> labels)
    implements ModelConfig {
  /**
   * The projector.
   *
   * @param hidden channels of each part that it joins
   * @param blocks how many bottlenecks there are
   * @param activation of its convolutions
   * @param hasBatchNorms whether these have batch norms; else layer norms over the channels
   * @param epsilon what those norms add to variances
   */
  public record Neck(
      int hidden, int blocks, Activation activation, boolean hasBatchNorms, double epsilon) {}

  /** Copies the list. */
  public VitDetrConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public VitDetrModel network(WeightSource source) {
    return new VitDetrModel(this, source);
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
  public boolean twoStage() {
    return true;
  }

  @Override
  public int numLogits() {
    return labels.size();
  }
}
