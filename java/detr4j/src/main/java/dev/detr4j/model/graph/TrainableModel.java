package dev.detr4j.model.graph;

/**
 * A network that can be trained: it also makes the graph whose outputs a loss looks at.
 *
 * <p>Outputs are {@code logits} and {@code pred_boxes} of the last decoder layer, the same with
 * {@code .i} behind their names for each layer i before it, and of a two-stage model {@code
 * enc_logits} {@code [1, S, K]} and {@code enc_boxes} {@code [1, S, 4]}, the proposals of all
 * tokens. The graph computes the values of {@link DetectionModel#graph}; it leaves out rewrites
 * that have no gradient. Views are detached where the original projects detach: references between
 * decoder layers, and what is chosen of the proposals.
 */
public interface TrainableModel extends DetectionModel {
  /** The class logits of every token of a two-stage model. */
  String ENCODER_LOGITS = "enc_logits";

  /** The boxes of every token of a two-stage model. */
  String ENCODER_BOXES = "enc_boxes";

  /** Decoder layers, each of which predicts. */
  int decoderLayers();

  /** Whether the encoder proposes, so that there are {@link #ENCODER_LOGITS}. */
  boolean twoStage();

  /**
   * The graph for one image.
   *
   * @param input of one image, which may be padded
   * @param form what the layers see of each other
   */
  Graph trainingGraph(ModelInput input, TrainingForm form);

  /**
   * The name of an output of a decoder layer: {@code name} of the last, {@code name.i} of others.
   */
  static String ofLayer(String name, int layer, int layers) {
    return layer == layers - 1 ? name : name + "." + layer;
  }

  /** Variants of the graph that projects differ in. */
  enum TrainingForm {
    /** As the original projects train. */
    ORIGINAL,
    /**
     * As transformers 5.18 trains DETR with {@code auxiliary_loss}: each decoder layer goes on from
     * the normalised state of the one before, and the last state is normalised twice. Of the other
     * families the same as {@link #ORIGINAL}.
     */
    REPEATED_DECODER_NORM
  }
}
