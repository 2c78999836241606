package dev.detr4j.model.family;

import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.op.Activation;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/**
 * What a checkpoint's architecture is, free of the style of the file that said so. Immutable,
 * checked when it was made.
 *
 * <p>Names follow the papers and the Hugging Face configurations. Whether layers normalise first or
 * last and which position code they have is the family's; a configuration that asks for something
 * else is refused when it is read.
 */
public interface ModelConfig {
  /** The family that the configuration is of. */
  ModelFamily family();

  /** The backbone and which of its stages the neck takes. */
  BackboneConfig backbone();

  /** The layers common to all architectures. */
  TransformerConfig transformer();

  /** How many object queries the decoder sees, which is how many boxes the model predicts. */
  int numQueries();

  /** The class names by index, without DETR's trailing "no object". */
  List<String> labels();

  /** How many logits each query has. */
  int numLogits();

  /**
   * The name of the variant within its family: {@code r50}, {@code r101} and so on for DETR; {@code
   * plain}, {@code single-scale}, {@code refine} or {@code two-stage} for Deformable DETR; with
   * {@code -dc5} where the last stage dilates; {@code detection} or {@code structure} for Table
   * Transformer, {@code r18vd} and so on for RT-DETR, {@code nano} to {@code xlarge} for D-FINE,
   * {@code nano} to {@code large} and {@code base} for RF-DETR, {@code tiny} to {@code medium} for
   * LW-DETR.
   */
  String variant();

  /** The architecture in words, as in {@code Deformable DETR, box refinement, two-stage}. */
  String architecture();

  /** Feature levels that the encoder sees. */
  default int numFeatureLevels() {
    return 1;
  }

  /** Whether each decoder layer refines the boxes of the layer before. */
  default boolean withBoxRefine() {
    return false;
  }

  /** Whether the queries come from proposals of the encoder. */
  default boolean twoStage() {
    return false;
  }

  /** How many copies of a head are one layer; 0 where every head is its own. */
  default int tiedHeads() {
    return 0;
  }

  /**
   * The network, with the weights of {@code source}, which it asks for all its tensors.
   *
   * @throws dev.detr4j.error.CheckpointException when one is missing or misshapen
   */
  DetectionModel network(WeightSource source);

  /** The selection of one session, as a project has it. */
  Postprocessing newPostprocessing(SelectionRule rule);

  /** The label of the first class, as a project counts. */
  default int firstLabel(SelectionRule rule) {
    return 0;
  }

  /**
   * The encoder-decoder.
   *
   * @param dModel channels of every token; a multiple of 4 and of both head counts
   * @param activation of the feed-forward networks
   */
  record TransformerConfig(
      int dModel,
      int encoderLayers,
      int encoderHeads,
      int encoderFfnDim,
      int decoderLayers,
      int decoderHeads,
      int decoderFfnDim,
      Activation activation) {}
}
