package dev.detr4j.checkpoint;

import java.util.List;

/**
 * DETR (Carion et al. 2020). The neck projects the last stage in {@link ResNetConfig#taps}; the
 * model has one logit more than labels, the last being "no object".
 */
public record DetrConfig(
    ResNetConfig backbone, TransformerConfig transformer, int numQueries, List<String> labels)
    implements ModelConfig {
  public DetrConfig {
    labels = List.copyOf(labels);
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

  @Override
  public int numFeatureLevels() {
    return 1;
  }
}
