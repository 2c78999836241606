package dev.detr4j.model.tabletransformer;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.postprocess.DetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * Table Transformer (Smock et al. 2022): DETR whose layers normalise first. The neck projects the
 * last stage in {@link ResNetConfig#taps}; the model has one logit more than labels, the last being
 * "no object".
 *
 * @param candidates which queries are detections at all
 */
public record TableTransformerConfig(
    ResNetConfig backbone,
    TransformerConfig transformer,
    int numQueries,
    List<String> labels,
    DetrPostprocessing.Candidates candidates)
    implements ModelConfig {
  private static final int STRUCTURE_LABELS = 6;

  /** Copies the labels. */
  public TableTransformerConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public TableTransformerFamily family() {
    return TableTransformerFamily.TABLE_TRANSFORMER;
  }

  @Override
  public TableTransformerModel network(WeightSource source) {
    return new TableTransformerModel(this, source);
  }

  /** {@inheritDoc} Softmax scores leave nothing to a rule. */
  @Override
  public Postprocessing newPostprocessing(SelectionRule rule) {
    return new DetrPostprocessing(numQueries, numLogits(), candidates);
  }

  @Override
  public String architecture() {
    return "Table Transformer" + (backbone.dilated() ? ", DC5" : "");
  }

  @Override
  public int numLogits() {
    return labels.size() + 1;
  }

  /** {@code structure} finds the parts of a table, {@code detection} finds tables. */
  @Override
  public String variant() {
    return (labels.size() >= STRUCTURE_LABELS ? "structure" : "detection")
        + (backbone.dilated() ? "-dc5" : "");
  }
}
