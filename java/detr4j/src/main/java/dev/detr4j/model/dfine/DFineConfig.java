package dev.detr4j.model.dfine;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.hgnet.HgNetConfig;
import dev.detr4j.op.Activation;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * D-FINE (Peng et al. 2024).
 *
 * @param transformer the decoder, and of the encoder the layers, heads and widths
 * @param storedDecoderLayers decoder layers that the checkpoint has; those behind the last of
 *     {@code transformer} do not count
 * @param points sampling points of a head on each level
 * @param offsetScale what offsets are multiplied by, beside the box and the number of points
 * @param maxBins the number of bins of a distance, less one
 */
record DFineConfig(
    HgNetConfig backbone,
    Neck neck,
    TransformerConfig transformer,
    int storedDecoderLayers,
    List<Integer> points,
    double offsetScale,
    int maxBins,
    Quality quality,
    int numQueries,
    List<String> labels,
    Epsilons epsilons)
    implements ModelConfig {
  /**
   * The hybrid encoder.
   *
   * @param dim channels of its maps
   * @param transformed indices of the levels with a transformer, fine levels first
   * @param ffnActivation of the transformer's feed-forward networks
   * @param activation of the convolutions
   * @param hidden channels inside of a block
   * @param depth RepVGG blocks inside of a block
   * @param temperature of the position code
   * @param normalizesFirst whether the transformer normalises before its attention
   * @param columnsFirst whether the position code numbers the cells column by column
   */
  record Neck(
      int dim,
      List<Integer> transformed,
      Activation ffnActivation,
      Activation activation,
      int hidden,
      int depth,
      double temperature,
      boolean normalizesFirst,
      boolean columnsFirst) {
    Neck {
      transformed = List.copyOf(transformed);
    }
  }

  /**
   * The estimate of a box's quality from its distributions.
   *
   * @param top probabilities of each side that are looked at
   * @param hidden width of its layers
   * @param layers how many they are
   */
  record Quality(int top, int hidden, int layers) {}

  /** What layer norms add to variances, and the batch norms behind the input projection. */
  record Epsilons(float layerNorm, double batchNorm) {}

  DFineConfig {
    points = List.copyOf(points);
    labels = List.copyOf(labels);
  }

  /** Bins of a distance. */
  int bins() {
    return maxBins + 1;
  }

  @Override
  public DFineFamily family() {
    return DFineFamily.D_FINE;
  }

  @Override
  public DFineModel network(WeightSource source) {
    return new DFineModel(this, source);
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
  public int numFeatureLevels() {
    return points.size();
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
    return "D-FINE";
  }

  @Override
  public int numLogits() {
    return labels.size();
  }

  /** The published size with this backbone and so many levels. */
  @Override
  public String variant() {
    return switch (backbone.title()) {
      case "HGNetV2-B0" -> points.size() == 2 ? "nano" : "small";
      case "HGNetV2-B2" -> "medium";
      case "HGNetV2-B4" -> "large";
      case "HGNetV2-B5" -> "xlarge";
      default -> "custom";
    };
  }
}
