package dev.detr4j.model.conditional;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * Conditional DETR (Meng et al. 2021). The neck projects the last stage in {@link
 * ResNetConfig#taps}; scores are sigmoids, so there are as many logits as labels.
 */
public record ConditionalDetrConfig(
    ResNetConfig backbone, TransformerConfig transformer, int numQueries, List<String> labels)
    implements ModelConfig {
  /** Copies the labels. */
  public ConditionalDetrConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public ConditionalDetrFamily family() {
    return ConditionalDetrFamily.CONDITIONAL_DETR;
  }

  @Override
  public ConditionalDetrModel network(WeightSource source) {
    return new ConditionalDetrModel(this, source);
  }

  @Override
  public Postprocessing newPostprocessing(SelectionRule rule) {
    return new DeformableDetrPostprocessing(numQueries, numLogits(), rule);
  }

  @Override
  public int firstLabel(SelectionRule rule) {
    return rule.firstLabel();
  }

  @Override
  public String architecture() {
    return "Conditional DETR" + (backbone.dilated() ? ", DC5" : "");
  }

  @Override
  public int numLogits() {
    return labels.size();
  }

  @Override
  public String variant() {
    return "r"
        + backbone.title().substring("ResNet-".length())
        + (backbone.dilated() ? "-dc5" : "");
  }
}
