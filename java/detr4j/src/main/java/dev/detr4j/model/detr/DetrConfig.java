package dev.detr4j.model.detr;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.postprocess.DetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * DETR (Carion et al. 2020). The neck projects the last stage in {@link ResNetConfig#taps}; the
 * model has one logit more than labels, the last being "no object".
 */
public record DetrConfig(
    ResNetConfig backbone, TransformerConfig transformer, int numQueries, List<String> labels)
    implements ModelConfig {
  /** Copies the labels. */
  public DetrConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public DetrFamily family() {
    return DetrFamily.DETR;
  }

  @Override
  public DetrModel network(WeightSource source) {
    return new DetrModel(this, source);
  }

  /** {@inheritDoc} Softmax scores leave nothing to a rule. */
  @Override
  public Postprocessing newPostprocessing(SelectionRule rule) {
    return new DetrPostprocessing(numQueries, numLogits());
  }

  @Override
  public String architecture() {
    return "DETR" + (backbone.dilated() ? ", DC5" : "");
  }

  @Override
  public int numLogits() {
    return labels.size() + 1;
  }

  @Override
  public String variant() {
    return "r"
        + backbone.title().substring("ResNet-".length())
        + (backbone.dilated() ? "-dc5" : "");
  }
}
