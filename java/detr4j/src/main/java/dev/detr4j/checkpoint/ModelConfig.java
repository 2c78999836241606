package dev.detr4j.checkpoint;

import dev.detr4j.op.Activation;
import java.nio.file.Path;
import java.util.List;

/**
 * What a checkpoint's architecture is, free of the style of the file that said so. Immutable,
 * checked when it was made.
 *
 * <p>Names follow the papers and the Hugging Face configurations. All transformers here are
 * post-norm with sine position embeddings; a configuration that asks for something else is refused
 * when it is read.
 */
public sealed interface ModelConfig permits DetrConfig, DeformableDetrConfig {
  /**
   * Reads the {@code config.json} of a Hugging Face DETR or Deformable DETR model, of transformers
   * 4.x or 5.x.
   *
   * @throws dev.detr4j.ModelConfigException when it is missing, malformed, or of a model that is
   *     not supported
   */
  static ModelConfig read(Path configJson) {
    return ConfigReader.read(configJson);
  }

  /** The backbone and which of its stages the neck takes. */
  BackboneConfig backbone();

  /** The layers common to both architectures. */
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
   * {@code -dc5} where the last stage dilates.
   */
  String variant();

  /** Feature levels that the encoder sees. */
  int numFeatureLevels();

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
